/** The SHA-256 of files, found by a process of its own: data stays where it is, and this thread has others to serve. */
import { basename, dirname } from "node:path";
import { type Digest, parseDigest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { inOrder } from "./answers.ts";
import { fromText } from "./entry.ts";
import { frame } from "./frames.ts";
import { Payload } from "./inbox.ts";
import { openTree, type TreeSession } from "./session.ts";

/** Of a file that somebody else fills. */
export interface FileHash extends AsyncDisposable {
  /** Up to there the file is filled; resolves when it is hashed up to there. TREE_FAILED */
  reach(end: number): Promise<void>;
  /** Of what was reached, and of no more after that. */
  digest(): Promise<Digest>;
}

/** The digest that comes next. */
export async function nextDigest(session: TreeSession): Promise<Digest> {
  const { type, payload } = await session.next();
  if (type !== frame.digest)
    throw new InroError("TREE_PROTOCOL", { what: "cannot find a digest", why: `unexpected frame ${type}` });
  return parseDigest(`sha256:${new Payload(payload).raw().toString("hex")}`);
}

/** Begins to hash one of the engine's own files. TREE_FAILED */
export async function hashFile(native: string, path: string): Promise<FileHash> {
  const session = await openTree(native, { kind: "folder", path: dirname(path) });
  const { outbox } = session;
  const ask = inOrder(session);
  const begun = ask(
    () => {
      outbox.begin(frame.hash);
      outbox.string(fromText(basename(path)));
      outbox.end();
    },
    () => session.done(),
  );
  begun.catch(() => {});
  let found: Promise<Digest> | undefined;
  return {
    async reach(end) {
      await begun;
      await ask(
        () => {
          outbox.begin(frame.reach);
          outbox.i64(end);
          outbox.end();
        },
        () => session.done(),
      );
    },
    digest() {
      found ??= ask(
        () => {
          outbox.begin(frame.sum);
          outbox.end();
        },
        async () => {
          const digest = await nextDigest(session);
          await session.done();
          return digest;
        },
      );
      return found;
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}
