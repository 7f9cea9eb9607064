/**
 * File trees for the copy verbs: stat, tar out, tar in. Paths are resolved inside the root by the native side; a path
 * that leads out of it ends inside.
 */
import { InroError } from "../../oci/error.ts";
import type { Rootfs } from "../../oci/rootfs.ts";
import { makeLimited } from "../snapshot/quota.ts";
import { TarError } from "../tar/error.ts";
import { beginApply } from "./apply.ts";
import { type Change, changesIn } from "./changes.ts";
import { fromTar, toTar } from "./convert.ts";
import { fromText, type TreeEntry, toText } from "./entry.ts";
import { flag, frame, kind } from "./frames.ts";
import { decodeEntry } from "./inbox.ts";
import { layerTar } from "./layer-out.ts";
import type { TreeRoot } from "./root.ts";
import { openTree, type TreeSession } from "./session.ts";
import { syncIn } from "./sync.ts";
import { tarOf } from "./tar-out.ts";
import { copyTree, removeTree } from "./whole.ts";

export type { TreeRoot } from "./root.ts";

export interface PathStat {
  readonly type: "file" | "directory" | "symlink" | "character" | "block" | "fifo" | "socket";
  /** Permission, set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: Date;
  /** Of a symbolic link, as it was written. */
  readonly linkTarget: string;
}

export interface ReadOptions {
  /** The name of the path itself in the tar; what is beneath goes below it. "" for an export of a root. */
  readonly name: string;
  /** A symbolic link at the end of the path is followed. */
  readonly follow?: boolean;
  /** What other file systems are mounted on stays out, as in `docker export`. */
  readonly oneMount?: boolean;
}

export interface ApplyTreeOptions {
  /** A folder does not replace a file, nor a file a folder (docker's noOverwriteDirNonDir). */
  readonly keepKind?: boolean;
  /** Everything belongs to this user and group (docker's copyUIDGID). */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Blocks that hold nothing but zeros take no room on the disk. */
  readonly holes?: boolean;
}

export interface Tree {
  /** Undefined where nothing is. */
  stat(root: TreeRoot, path: string, options?: { readonly follow?: boolean }): Promise<PathStat | undefined>;
  /** The names in a folder, sorted by bytes; a link to one is followed inside the root. Undefined where no folder is. */
  list(root: TreeRoot, path: string): Promise<readonly string[] | undefined>;
  /** A tar of the path and everything beneath it. Throws TREE_FAILED where nothing is. */
  read(root: TreeRoot, path: string, options: ReadOptions): AsyncGenerator<Uint8Array>;
  /** What a container changed in its image, as a layer's tar, but for the paths that `leftOut` answers true for. */
  layer(rootfs: Rootfs, leftOut: (path: string) => boolean): AsyncGenerator<Uint8Array>;
  /** The same in names. */
  changes(rootfs: Rootfs): AsyncGenerator<Change>;
  /** Removes a folder of the engine's own with all that is in it, whatever protects it; gives back its quotas. */
  remove(path: string): Promise<void>;
  /** Copies what is in a folder into an empty one; blocks are shared where the file system can do that. */
  copy(from: string, to: string): Promise<void>;
  /** Makes a folder that may hold so many bytes. QUOTA_UNSUPPORTED */
  makeLimited(path: string, bytes: number): Promise<void>;
  /** Puts the file system of a folder on disk. */
  settle(path: string): Promise<void>;
  /** Unpacks a tar into the folder `path`. */
  apply(
    root: TreeRoot,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options?: ApplyTreeOptions,
  ): Promise<void>;
}

/**
 * A path of the API is the container's own and meant from its root: "/etc/", "." and "a/../etc" as docker reads them
 * (by the letters, before any link is looked at), and ".." never leads above the root. Refuses an empty path and NULs.
 */
function inRoot(path: string): string {
  if (path === "" || path.includes("\0")) {
    const why = path === "" ? "it is empty" : "it holds a NUL";
    throw new InroError("PATH_INVALID", {
      what: `cannot use ${JSON.stringify(path)} as a path in a container`,
      why,
    });
  }
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return fromText(parts.join("/"));
}

function ask(session: TreeSession, type: number, path: string, flags: number): Promise<void> {
  const { outbox } = session;
  outbox.begin(type);
  outbox.string(inRoot(path));
  outbox.u32(flags);
  outbox.end();
  return session.flush();
}

function isMissing(error: unknown): boolean {
  const errno = error instanceof InroError && "errno" in error ? error.errno : undefined;
  return errno === "ENOENT" || errno === "ENOTDIR";
}

const typeNames = new Map(Object.entries(kind).map(([name, number]) => [number, name as PathStat["type"]]));

function statOf(e: TreeEntry): PathStat {
  const mtime = new Date(e.mtime.seconds * 1000 + Math.floor(e.mtime.nanoseconds / 1e6));
  const { mode, uid, gid, size } = e;
  return { type: typeNames.get(e.kind) ?? "file", mode, uid, gid, size, mtime, linkTarget: toText(e.target) };
}

/** The copy verbs, by the program whose role is `inro-tree`. */
export function trees(native: string): Tree {
  return {
    async stat(root, path, options) {
      await using session = await openTree(native, root);
      await ask(session, frame.stat, path, options?.follow === true ? flag.follow : 0);
      try {
        const { payload } = await session.next();
        await session.done();
        return statOf(decodeEntry(payload));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async list(root, path) {
      await using session = await openTree(native, root);
      await ask(session, frame.read, path, flag.follow | flag.bare | flag.shallow);
      try {
        const names: string[] = [];
        for (;;) {
          const { type, payload } = await session.next();
          if (type !== frame.entry) return names;
          const entry = decodeEntry(payload);
          if (entry.path === "" && entry.kind !== kind.directory) return undefined;
          if (entry.path !== "") names.push(toText(entry.path));
        }
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async *read(root, path, options) {
      await using session = await openTree(native, root);
      const flags =
        (options.follow === true ? flag.follow : 0) | (options.oneMount === true ? flag.oneMount : 0);
      await ask(session, frame.read, path, flags);
      const top = fromText(options.name);
      yield* tarOf(session, (entry) => (top === "" && entry.path === "" ? undefined : toTar(entry, top)));
    },
    layer: (rootfs, leftOut) => layerTar(native, rootfs, leftOut),
    changes: (rootfs) => changesIn(native, rootfs),
    remove: (path) => removeTree(native, path),
    copy: (from, to) => copyTree(native, from, to),
    makeLimited: (path, bytes) => makeLimited(native, path, bytes),
    settle: (path) => syncIn(native, path),
    async apply(root, path, tar, options) {
      await using session = await openTree(native, root);
      const sink = await beginApply(session, { ...options, at: inRoot(path), convert: fromTar });
      try {
        for await (const chunk of tar) await sink.write(chunk);
        await sink.close();
      } catch (error) {
        if (!(error instanceof TarError)) throw error;
        throw new InroError("ARCHIVE_REFUSED", {
          what: `cannot unpack the archive into ${JSON.stringify(path)}`,
          why: error.message,
          cause: error,
        });
      }
    },
  };
}
