import { fstatSync } from "node:fs";
import { type Found, MergedRoot } from "../../engine/files/merged.ts";
import { plainEntry, type TarEntry } from "../../image/tar/entry.ts";
import { mayCarry } from "../../image/tree/convert.ts";
import { type EntryTime, toText } from "../../image/tree/entry.ts";
import { nameOf, parentOf, whiteoutPrefix, within } from "../../image/tree/names.ts";
import { InroError } from "../../oci/error.ts";
import { readXattrs } from "../../platform/xattr.ts";
import { byBytes } from "./find.ts";
import type { Owner } from "./owner.ts";

/** What is put into the layer, but for its name. */
export type Dress = Omit<TarEntry, "name">;

/** One entry of the layer. `T` tells where a file's data comes from. */
export interface Placed<T> {
  /** A byte string, relative to the root. */
  readonly path: string;
  readonly dress: Dress;
  readonly data: T | undefined;
}

export interface PlacingOptions {
  /** Of folders that are made on the way. */
  readonly owner: Owner;
  readonly time: EntryTime;
}

/**
 * Where copied things go in the root below: links to folders are followed inside it, folders that are not there are made,
 * and a file never takes a folder's place nor the reverse. What was placed before counts as if it were below.
 */
export class Placing<T> implements Disposable {
  private readonly below: MergedRoot;
  private readonly options: PlacingOptions;
  private readonly waiting = new Map<string, Placed<T>>();
  /** What the layer has at a path, also when it was taken; of a folder that is new nothing below is seen. */
  private readonly has = new Map<string, "folder" | "new" | "other">([["", "folder"]]);
  /** Where a folder that was asked for really is. */
  private readonly folders = new Map<string, string>([["", ""]]);

  /** `below`: uppermost first; throws where one is missing. */
  constructor(below: readonly string[], options: PlacingOptions) {
    this.below = new MergedRoot(below);
    this.options = options;
  }

  [Symbol.dispose](): void {
    this.below[Symbol.dispose]();
  }

  /** What is at a path, links followed, what was placed included. */
  find(path: string, follow = true): { readonly path: string; readonly is: "folder" | "other" | undefined } {
    const real = this.folders.get(path);
    if (real !== undefined) return { path: real, is: "folder" };
    const own = this.has.get(path);
    if (own !== undefined) return { path, is: own === "other" ? own : "folder" };
    const { path: place, stats } = this.look(path, follow);
    const placed = this.has.get(place);
    if (placed !== undefined) return { path: place, is: placed === "other" ? placed : "folder" };
    return { path: place, is: stats === undefined ? undefined : stats.isDirectory() ? "folder" : "other" };
  }

  /**
   * The folder at a path, made where there is none. With a dress, it gets that; but not where a link led to it. `replaces`:
   * a file or a link that is there makes way, as in an archive. Answers where it really is. COPY_DESTINATION_INVALID
   */
  folder(path: string, dress?: Dress, replaces = false): string {
    const known = this.folders.get(path);
    if (known !== undefined) {
      if (dress !== undefined && known === path && path !== "")
        this.put({ path, dress, data: undefined }, "folder");
      return known;
    }
    const found = this.find(path, !replaces);
    if (found.is === "other" && !replaces)
      throw inTheWay(path, "it is no folder", "a folder cannot be copied onto a file");
    const place = found.is === "other" ? path : found.path;
    const real = within(this.folder(parentOf(place)), nameOf(place));
    if (found.is !== "folder") this.put({ path: real, dress: dress ?? this.made(), data: undefined }, "new");
    else if (dress !== undefined && real === path) this.put({ path: real, dress, data: undefined }, "folder");
    this.folders.set(path, real);
    this.folders.set(real, real);
    return real;
  }

  /** Anything but a folder, in a folder whose real path is known; a link that is there is replaced, not followed. */
  file(path: string, dress: Dress, data?: T, replaces = false): void {
    const isFolder = this.has.get(path) === "folder" || (!this.has.has(path) && this.isFolderBelow(path));
    if (isFolder && (!replaces || this.has.has(path)))
      throw inTheWay(path, "it is a folder", "a file cannot be copied onto a folder");
    this.put({ path, dress, data }, "other");
  }

  /** What was placed since it was asked last, and the folders of the root below on the way to it; sorted by bytes. */
  take(): Placed<T>[] {
    for (const path of [...this.waiting.keys()])
      for (let at = parentOf(path); !this.has.has(at) && at !== ""; at = parentOf(at)) this.repeat(at);
    const all = [...this.waiting.values()].sort((a, b) => byBytes(a.path, b.path));
    this.waiting.clear();
    return all;
  }

  /** A layer that leaves out the folders on the way would have readers make them anew, as they think fit. */
  private repeat(path: string): void {
    const dress = this.below.folder(path, (descriptor) => {
      const { mode, uid, gid, mtimeNs } = fstatSync(descriptor, { bigint: true });
      const seconds = Number(mtimeNs / 1_000_000_000n);
      const mtime = { seconds, nanoseconds: Number(mtimeNs % 1_000_000_000n) };
      const xattrs = readXattrs(descriptor).filter(mayCarry);
      return {
        ...this.made(),
        mode: Number(mode) & 0o7777,
        uid: Number(uid),
        gid: Number(gid),
        mtime,
        xattrs,
      };
    });
    this.put({ path, dress: dress ?? this.made(), data: undefined }, "folder");
  }

  private made(): Dress {
    const { owner, time } = this.options;
    return { ...plainEntry, type: "directory", mode: 0o755, ...owner, mtime: time };
  }

  private put(placed: Placed<T>, is: "folder" | "new" | "other"): void {
    if (nameOf(placed.path).startsWith(whiteoutPrefix)) throw whiteout(placed.path);
    if (is !== "folder" || this.has.get(placed.path) !== "new") this.has.set(placed.path, is);
    this.waiting.set(placed.path, placed);
  }

  private isFolderBelow(path: string): boolean {
    return this.look(path, false).stats?.isDirectory() === true;
  }

  private look(path: string, follow: boolean): Found {
    if (this.has.get(parentOf(path)) === "new" && path !== "") return { path, stats: undefined };
    try {
      return this.below.find(path, follow);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === "ENOTDIR")
        throw inTheWay(path, "a file is on the way", "a folder cannot be copied onto a file");
      if (code === "ELOOP") throw inTheWay(path, message, "remove the link first");
      throw cause;
    }
  }
}

const inTheWay = (path: string, why: string, hint: string) =>
  new InroError("COPY_DESTINATION_INVALID", {
    what: `cannot copy to ${JSON.stringify(`/${toText(path)}`)}`,
    why,
    hint,
  });

const whiteout = (path: string) =>
  new InroError("LAYER_REFUSED", {
    what: `cannot make a layer with ${JSON.stringify(toText(path))}`,
    why: `a name that begins with "${whiteoutPrefix}" means a deletion there (OCI image specification, layer.md)`,
    hint: "give it another name",
  });
