import { FRAME_HEADER, FRAME_LIMIT, frames } from "../../kernel/plan/frames.ts";
import type { UnixStream } from "../../platform/unix-stream.ts";

/** What a front asks for with its first frame, COMMAND. */
export interface Request {
  /** What two processes have to have in common to do the same (native/front_standing.c). */
  readonly standing: string;
  readonly pid: number;
  /** Empty where it was removed. */
  readonly cwd: string;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The first frame of a connection; undefined when it is no COMMAND, or never comes whole. */
export async function readRequest(stream: UnixStream): Promise<Request | undefined> {
  let all = Buffer.alloc(0);
  for (;;) {
    const length = all.length < FRAME_HEADER ? FRAME_HEADER : all.readUInt32LE(0) + 4;
    if (length > FRAME_LIMIT) return undefined;
    if (all.length >= FRAME_HEADER && all.length >= length) {
      stream.unread(all.subarray(length));
      return all.readUInt16LE(4) === frames.command.type
        ? decode(all.subarray(FRAME_HEADER, length))
        : undefined;
    }
    const chunk = await stream.read();
    if (chunk === null) return undefined;
    all = all.length === 0 ? Buffer.from(chunk) : Buffer.concat([all, chunk]);
  }
}

function decode(payload: Buffer): Request | undefined {
  let at = 0;
  const number = (): number => {
    at += 4;
    return payload.readUInt32LE(at - 4);
  };
  const text = (): string => {
    const length = number();
    at += length + 1;
    if (at > payload.length) throw new RangeError("a text that is longer than its frame");
    return payload.toString("utf8", at - length - 1, at - 1);
  };
  const texts = (): string[] => {
    const count = number();
    if (count > payload.length) throw new RangeError("more texts than its frame can hold");
    return Array.from({ length: count }, text);
  };
  try {
    const [standing, pid, cwd, args, env] = [text(), number(), text(), texts(), texts()];
    return { standing, pid, cwd, words: args.slice(1), env: Object.fromEntries(env.map(assignment)) };
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}

function assignment(entry: string): [string, string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}
