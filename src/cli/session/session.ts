import { constants } from "node:os";
import { demultiplexer } from "../../oci/stream-frames.ts";
import type { UnixStream } from "../../platform/unix-stream.ts";
import { err, isTerminal, out } from "../terminal/output.ts";
import { detachScanner } from "./detach-keys.ts";
import type { Shown } from "./resume.ts";

export interface SessionOptions {
  /** Our standard input goes to the other side. */
  readonly stdin: boolean;
  /** The other side is a terminal; when ours is one too, it is raw for as long as the session lasts. */
  readonly tty: boolean;
  /** Typing them leaves the session. `null`: there are none. */
  readonly detachKeys: Uint8Array | null;
  /** Counts the bytes that were shown of each stream. */
  readonly shown?: Shown;
}

/** `ended`: the other side ended its output. `detached`: the user typed the detach keys. */
export type SessionEnd = "ended" | "detached";

/** Joins this process's streams with the other side's until either ends. */
export async function session(stream: UnixStream, options: SessionOptions): Promise<SessionEnd> {
  const restore = options.stdin && options.tty ? await rawStdin() : undefined;
  const scan = options.detachKeys === null ? undefined : detachScanner(options.detachKeys);
  let end: SessionEnd = "ended";
  const send = async (bytes: Uint8Array): Promise<void> => {
    const { bytes: passed, detached } = scan?.(bytes) ?? { bytes, detached: false };
    if (passed.length > 0) await stream.write(passed);
    if (detached) {
      end = "detached";
      stream.close();
    }
  };
  if (options.stdin) void sendInput(send).finally(() => stream.end());
  try {
    // A terminal's bytes come as they are. What the answer says of it is no help: before v1.42 it says nothing.
    const show = options.tty
      ? out
      : demultiplexer((name, bytes) => {
          (name === "stderr" ? err : out)(bytes);
          if (options.shown !== undefined) options.shown[name] += bytes.length;
        });
    for (let part = await stream.read(); part !== null; part = await stream.read()) show(part);
    return end;
  } finally {
    restore?.();
    stream.close();
  }
}

/**
 * Standard input up to its end, each piece sent before the next one is read. It never fails: a closed or unreadable
 * input is at its end, and the end of the other side's output is what ends the session.
 */
async function sendInput(send: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  try {
    for await (const bytes of process.stdin) await send(bytes);
  } catch {}
}

/** Every key goes to the other side as it is typed. Answers how to make the terminal as it was. */
async function rawStdin(): Promise<(() => void) | undefined> {
  if (!isTerminal(0)) return undefined;
  const { rawTerminal } = await import("../../platform/terminal.ts");
  const restore = rawTerminal(0);
  // A signal that ends us, or an error, must not leave the user's terminal deaf.
  const ends = (["SIGTERM", "SIGHUP"] as const).map((name) => {
    const end = () => process.exit(128 + constants.signals[name]);
    process.once(name, end);
    return [name, end] as const;
  });
  process.once("exit", restore);
  return () => {
    for (const [name, end] of ends) process.off(name, end);
    process.off("exit", restore);
    restore();
  };
}
