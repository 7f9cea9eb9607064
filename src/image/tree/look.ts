/** A tree that is looked at piece by piece: for a build, which takes some files of it and leaves others. */
import { type Digest, parseDigest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { inOrder } from "./answers.ts";
import { fromText, type SeenEntry, toText } from "./entry.ts";
import { flag, frame, kind } from "./frames.ts";
import { decodeSeen, Payload } from "./inbox.ts";
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
  /** Every file as it is now, and the digest of its data. Throws TREE_FAILED where it is no regular file any more. */
  digests(files: readonly string[]): AsyncGenerator<Hashed>;
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
  /** What comes right before it. */
  readonly before?: Uint8Array;
}

export type Content =
  | { readonly kind: "file"; readonly entry: SeenEntry }
  /** A part of the last file's data. */
  | { readonly kind: "data"; readonly bytes: Uint8Array };

export interface Hashed {
  /** As the file was when its reading began. */
  readonly entry: SeenEntry;
  readonly digest: Digest;
}

/** Requests that are on their way while answers are read; few enough for a socket's buffers, so neither side waits for good. */
const ahead = 128;

/** Asks for each of the paths in turn, some ahead of the answers; `answers` reads one. */
async function* each<T>(
  session: TreeSession,
  paths: readonly string[],
  ask: (session: TreeSession, path: string) => void,
  answers: (path: string) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  let asked = 0;
  for (const [at, path] of paths.entries()) {
    if (at >= asked - ahead / 2 && asked < paths.length) {
      for (; asked < paths.length && asked < at + ahead; asked++) ask(session, paths[asked] ?? "");
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

const putRead = (flags: number) => (session: TreeSession, path: string) => put(session, path, flags);

function putDigest({ outbox }: TreeSession, path: string): void {
  outbox.begin(frame.digest);
  outbox.string(path);
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

async function* digestOf(session: TreeSession, path: string): AsyncGenerator<Hashed> {
  const { payload } = await session.next();
  const entry = decodeSeen(payload);
  if (entry.kind !== kind.file) throw changedKind(path);
  const answer = await session.next();
  if (answer.type !== frame.digest) throw changedKind(path);
  const digest = parseDigest(`sha256:${new Payload(answer.payload).raw().toString("hex")}`);
  await session.done();
  yield { entry: { ...entry, path }, digest };
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
      each(session, folders, putRead(flag.straight | flag.apart | flag.bare | flag.shallow), (folder) =>
        folderOf(session, folder),
      ),
    contents: (files) =>
      each(session, files, putRead(flag.straight | flag.apart | flag.shallow), (path) =>
        contentOf(session, path),
      ),
    digests: (files) => each(session, files, putDigest, (path) => digestOf(session, path)),
    pour: pourer(session),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

const NOTHING = new Uint8Array();

function pourer(session: TreeSession): TreeLook["pour"] {
  const { outbox } = session;
  const ask = inOrder(session);
  let sink = "";
  return async (path, size, into) => {
    const isNew = into.path !== sink;
    sink = into.path;
    await ask(
      () => {
        if (isNew) {
          outbox.begin(frame.sink);
          outbox.string(fromText(into.path));
          outbox.end();
        }
        outbox.begin(frame.pour);
        outbox.string(path);
        outbox.i64(into.offset);
        outbox.i64(size);
        outbox.bytes(into.before ?? NOTHING);
        outbox.end();
      },
      async () => {
        if (isNew) await session.done();
        await session.done();
      },
    );
  };
}
