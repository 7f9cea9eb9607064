/** A tree that is looked at piece by piece: for a build, which takes some files of it and leaves others. */
import { InroError } from "../../oci/error.ts";
import { fromText, type SeenEntry, toText } from "./entry.ts";
import { flag, frame, kind } from "./frames.ts";
import { decodeSeen } from "./inbox.ts";
import { within } from "./names.ts";
import type { TreeRoot } from "./root.ts";
import { openTree, type TreeSession } from "./session.ts";

/**
 * All paths are byte strings relative to the root; no symbolic link on the way is followed, so that a folder that was
 * swapped for one is an error (TREE_FAILED with ELOOP) and nothing else is ever read.
 */
export interface TreeLook extends AsyncDisposable {
  /** Undefined where nothing is. */
  stat(path: string): Promise<SeenEntry | undefined>;
  /** What is in each of the folders, sorted by bytes, with its path from the root. Throws TREE_FAILED. */
  list(folders: readonly string[]): AsyncGenerator<SeenEntry[]>;
  /** Every file as it is now, and its data after it. Throws TREE_FAILED where it is no regular file any more. */
  contents(files: readonly string[]): AsyncGenerator<Content>;
  /**
   * Moves a file's data into one of the engine's own, beside whatever else goes on. Throws TREE_FAILED with ESTALE where it is
   * shorter by now.
   */
  pour(path: string, size: number, into: Place): Promise<void>;
}

/** In a file of the engine's own, by its absolute path. */
export interface Place {
  readonly path: string;
  readonly offset: number;
}

export type Content =
  | { readonly kind: "file"; readonly entry: SeenEntry }
  /** A part of the last file's data. */
  | { readonly kind: "data"; readonly bytes: Uint8Array };

/** Requests that are on their way while answers are read; few enough for a socket's buffers, so neither side waits for good. */
const ahead = 128;

/** Asks for each of the paths in turn, some ahead of the answers; `answers` reads one. */
async function* each<T>(
  session: TreeSession,
  paths: readonly string[],
  flags: number,
  answers: (path: string) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  let asked = 0;
  for (const [at, path] of paths.entries()) {
    if (at >= asked - ahead / 2 && asked < paths.length) {
      for (; asked < paths.length && asked < at + ahead; asked++) put(session, paths[asked] ?? "", flags);
      await session.flush();
    }
    yield* answers(path);
  }
}

function put({ outbox }: TreeSession, path: string, flags: number, type: number = frame.read): void {
  outbox.begin(type);
  outbox.string(path);
  outbox.u32(flags);
  outbox.end();
}

const changedKind = (path: string) =>
  new InroError("TREE_FAILED", {
    what: `cannot read ${JSON.stringify(toText(path))}`,
    why: "it is no longer what it was when it was looked at",
  });

async function* contentOf(session: TreeSession, path: string): AsyncGenerator<Content> {
  const { payload } = await session.next();
  const entry = decodeSeen(payload);
  if (entry.kind !== kind.file) throw changedKind(path);
  yield { kind: "file", entry: { ...entry, path } };
  for (;;) {
    const { type, payload } = await session.next();
    if (type === frame.done) break;
    if (type !== frame.data) throw changedKind(path);
    yield { kind: "data", bytes: payload };
  }
}

async function* folderOf(session: TreeSession, folder: string): AsyncGenerator<SeenEntry[]> {
  const found: SeenEntry[] = [];
  for (;;) {
    const { type, payload } = await session.next();
    if (type === frame.done) break;
    const entry = decodeSeen(payload);
    if (entry.path !== "") found.push({ ...entry, path: within(folder, entry.path) });
  }
  yield found;
}

/** Opens a root to look at. Throws TREE_FAILED. */
export async function lookAt(native: string, root: TreeRoot): Promise<TreeLook> {
  const session = await openTree(native, root);
  return {
    async stat(path) {
      put(session, path, flag.straight, frame.stat);
      await session.flush();
      try {
        const { payload } = await session.next();
        await session.done();
        return { ...decodeSeen(payload), path };
      } catch (error) {
        const errno = error instanceof InroError && "errno" in error ? error.errno : undefined;
        if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
        throw error;
      }
    },
    list: (folders) =>
      each(session, folders, flag.straight | flag.apart | flag.bare | flag.shallow, (folder) =>
        folderOf(session, folder),
      ),
    contents: (files) =>
      each(session, files, flag.straight | flag.apart | flag.shallow, (path) => contentOf(session, path)),
    pour: pourer(session),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** Requests go out one after the other, whether those before are answered or not; the answers come in the same order. */
function pourer(session: TreeSession): TreeLook["pour"] {
  let sink = "";
  let sent: Promise<unknown> = Promise.resolve();
  let heard: Promise<unknown> = Promise.resolve();
  const answer = (): Promise<unknown> => {
    const done = heard.then(() => session.done());
    heard = done.catch(() => {});
    return done;
  };
  const ask = async (path: string, size: number, into: Place, isNew: boolean) => {
    const { outbox } = session;
    if (isNew) {
      outbox.begin(frame.sink);
      outbox.string(fromText(into.path));
      outbox.end();
    }
    outbox.begin(frame.pour);
    outbox.string(path);
    outbox.i64(into.offset);
    outbox.i64(size);
    outbox.end();
    await session.flush();
  };
  return async (path, size, into) => {
    const isNew = into.path !== sink;
    sink = into.path;
    sent = sent.then(() => ask(path, size, into, isNew));
    const answers = [...(isNew ? [answer()] : []), answer()];
    await Promise.all([sent, ...answers]);
  };
}
