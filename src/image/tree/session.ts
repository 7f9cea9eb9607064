/** One `inro-tree` process: opens a root and answers requests on it, one after the other. */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { InroError, reasonOf } from "../../oci/error.ts";
import { socketOf, spawnWired, type Wired } from "../../platform/spawn-wired.ts";
import { fromText, toText } from "./entry.ts";
import { errnoName } from "./errno.ts";
import { frame, rootKind } from "./frames.ts";
import { type Frame, frameCutter, Payload } from "./inbox.ts";
import { Outbox } from "./outbox.ts";
import type { TreeRoot } from "./root.ts";

export interface TreeSession extends AsyncDisposable {
  readonly outbox: Outbox;
  /** Sends what the outbox gathered; resolves when the next batch may be gathered. */
  flush(): Promise<void>;
  /** The next frame that is no failure; a failure is thrown as TREE_FAILED. */
  next(): Promise<Frame>;
  /** Waits for `done`; answers its number. */
  done(): Promise<number>;
}

/** An operation beneath the root failed. `errno` is the kernel's, `path` the entry's (a byte string). */
export class TreeFailure extends InroError {
  readonly errno: string;
  readonly path: string;

  constructor(errno: string, step: string, path: string) {
    const where = path === "" ? "" : ` ${JSON.stringify(toText(path))}`;
    super("TREE_FAILED", {
      what: `cannot work on the file tree's${where === "" ? " root" : where}`,
      why: `${step}: ${errno}`,
    });
    this.errno = errno;
    this.path = path;
  }
}

function putRoot(outbox: Outbox, root: TreeRoot): void {
  outbox.begin(frame.root);
  outbox.u32(rootKind[root.kind]);
  if (root.kind === "process") outbox.u32(root.pid);
  else for (const text of namesOf(root)) outbox.string(fromText(text));
  if (root.kind === "fileSystem") {
    outbox.u32(root.options.length);
    for (const option of root.options) outbox.string(fromText(option));
  }
  if (root.kind === "overlay" || root.kind === "bound") {
    const { binds = [] } = root;
    outbox.u32(binds.length);
    for (const { source, part, destination } of binds) {
      outbox.string(fromText(source));
      outbox.string(fromText(part));
      outbox.string(fromText(destination));
    }
  }
  outbox.end();
}

function namesOf(root: Exclude<TreeRoot, { kind: "process" }>): string[] {
  if (root.kind === "fileSystem") return [root.type, root.device];
  if (root.kind !== "overlay") return [root.path];
  return [root.folder, root.lower.join(":"), root.upper, root.work, root.mountpoint];
}

const protocol = (why: string) => new InroError("TREE_PROTOCOL", { what: "cannot work on a file tree", why });

async function send(stream: Duplex, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** Bytes on their way to the native side while both work. */
const sendBuffer = 4 * 1024 * 1024;

/** Milliseconds that a process has to end in when its work is over. */
const patience = 10_000;

async function finish({ pid, exited }: Wired, socket: Socket): Promise<void> {
  socket.end();
  socket.destroy();
  const timer = setTimeout(() => process.kill(pid, "SIGKILL"), patience);
  await exited;
  clearTimeout(timer);
}

function start(native: string): Wired {
  try {
    return spawnWired(native, "inro-tree", "ignore");
  } catch (cause) {
    const why = reasonOf(cause);
    throw new InroError("NATIVE_PROGRAM_MISSING", {
      what: `cannot start ${native}`,
      why,
      hint: "npm run build",
      cause,
    });
  }
}

/** Starts `native` in its role `inro-tree` and opens the root. Throws TREE_FAILED if the root cannot be opened. */
export async function openTree(native: string, root: TreeRoot): Promise<TreeSession> {
  const wired = start(native);
  const stream = socketOf(wired, sendBuffer);
  stream.on("error", () => {});
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const frames = frameCutter();
  const outbox = new Outbox();

  const next = async (): Promise<Frame> => {
    let found = frames.take();
    while (found === undefined) {
      const { value, done } = await chunks.next();
      if (done === true) throw protocol("the native process ended");
      frames.push(value);
      found = frames.take();
    }
    if (found.type !== frame.failed) return found;
    const payload = new Payload(found.payload);
    throw new TreeFailure(errnoName(payload.u32()), payload.string(), payload.string());
  };
  const session: TreeSession = {
    outbox,
    async flush() {
      if (outbox.length === 0) return;
      await send(stream, outbox.view());
      outbox.clear();
    },
    next,
    async done() {
      const answer = await next();
      if (answer.type !== frame.done) throw protocol(`unexpected frame ${answer.type}`);
      return new Payload(answer.payload).i64();
    },
    [Symbol.asyncDispose]: () => finish(wired, stream),
  };
  try {
    putRoot(outbox, root);
    await session.flush();
    await session.done();
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}
