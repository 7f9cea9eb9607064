import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, type Stats } from "node:fs";
import { readXattr } from "../../platform/xattr.ts";

/** path_resolution(7): the kernel follows 40 links in one look-up. */
const MOST_LINKS = 40;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** What a merged root has at a path. Paths are byte strings, relative to the root, without links but for the last name. */
export interface Found {
  readonly path: string;
  /** Undefined where nothing is. */
  readonly stats: Stats | undefined;
}

/** A folder of the merged root: those that make it up, uppermost first. */
interface Level {
  readonly name: string;
  readonly folders: readonly number[];
}

/**
 * An overlay's folders as the kernel would merge them, without mounting. Every step opens one name beneath a held
 * descriptor and follows no link by itself, so that nothing outside the layers is ever reached (R1), also while a container
 * changes its own layer. The folders of the last look-up stay open for the next one.
 */
export class MergedRoot implements Disposable {
  private readonly levels: Level[] = [];

  /** `folders`: uppermost first. */
  constructor(folders: readonly string[]) {
    const opened: number[] = [];
    this.levels.push({ name: "", folders: opened });
    try {
      for (const folder of folders) opened.push(openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY));
    } catch (cause) {
      this[Symbol.dispose]();
      throw cause;
    }
  }

  [Symbol.dispose](): void {
    this.leave(0);
  }

  /**
   * Links on the way are followed inside the root, and with `follow` the last name's too. Of one that leads to nothing it is
   * told where it leads. Throws ELOOP, and ENOTDIR where the way leads through a file, as the kernel would.
   */
  find(path: string, follow = true): Found {
    const rest = partsOf(path);
    const here: string[] = [];
    for (let links = 0; rest.length > 0; ) {
      const name = rest.shift() ?? "";
      if (name === "..") {
        here.pop();
        continue;
      }
      this.enter(here);
      const found = this.entry(name);
      if (found?.stats.isSymbolicLink() === true && (follow || rest.length > 0)) {
        if (++links > MOST_LINKS) throw failure("ELOOP", "too many links");
        const target = readlinkSync(beneath(found.folder, name), { encoding: "buffer" }).toString("latin1");
        if (target.startsWith("/")) here.length = 0;
        rest.unshift(...partsOf(target));
        continue;
      }
      here.push(name);
      const isLast = rest.length === 0;
      if (found === undefined) return { path: made(here, rest), stats: undefined };
      if (!isLast && !found.stats.isDirectory()) throw failure("ENOTDIR", "it is no folder");
      if (isLast) return { path: here.join("/"), stats: found.stats };
    }
    const stats = this.statsOf(here);
    return { path: here.join("/"), stats };
  }

  /** Of the uppermost folder that has it; `path` as `find` answers it. Undefined where no folder is. */
  folder<T>(path: string, use: (descriptor: number) => T): T | undefined {
    const parts = partsOf(path);
    this.enter(parts);
    const [top] = this.levels[parts.length]?.folders ?? [];
    return top === undefined ? undefined : use(top);
  }

  /** Opens the file that `find` told of: undefined where it is gone. Whatever else it is by now is for the taker to see. */
  open(path: string, flags: number): number | undefined {
    const parts = partsOf(path);
    const name = parts.pop() ?? ".";
    this.enter(parts);
    const found = this.entry(name);
    return found === undefined
      ? undefined
      : openSync(beneath(found.folder, name), flags | constants.O_NOFOLLOW);
  }

  private statsOf(parts: readonly string[]): Stats | undefined {
    return this.folder(parts.join("/"), (descriptor) => fstatSync(descriptor));
  }

  private leave(depth: number): void {
    for (const { folders } of this.levels.splice(depth)) for (const each of folders) closeSync(each);
  }

  private enter(parts: readonly string[]): void {
    let depth = 0;
    while (depth < parts.length && this.levels[depth + 1]?.name === parts[depth]) depth++;
    this.leave(depth + 1);
    for (const name of parts.slice(depth)) this.levels.push({ name, folders: this.merged(name) });
  }

  private entry(name: string): { readonly folder: number; readonly stats: Stats } | undefined {
    for (const folder of this.levels.at(-1)?.folders ?? []) {
      const stats = lstatSync(beneath(folder, name), { throwIfNoEntry: false });
      if (stats !== undefined) return isWhiteout(stats) ? undefined : { folder, stats };
    }
    return undefined;
  }

  /** overlayfs.rst: folders of one name merge from the top down to the first that is opaque, or is not a folder. */
  private merged(name: string): number[] {
    const all: number[] = [];
    for (const parent of this.levels.at(-1)?.folders ?? []) {
      const stats = lstatSync(beneath(parent, name), { throwIfNoEntry: false });
      if (stats === undefined) continue;
      if (!stats.isDirectory()) break;
      const folder = openSync(beneath(parent, name), FOLDER);
      all.push(folder);
      if (isOpaque(folder)) break;
    }
    return all;
  }
}

const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

const failure = (code: string, why: string) => Object.assign(new Error(why), { code });

/** What would be made from here on: a `..` after what is not there leads back by the letters. */
function made(here: readonly string[], rest: readonly string[]): string {
  const whole = [...here];
  for (const part of rest) {
    if (part === "..") whole.pop();
    else whole.push(part);
  }
  return whole.join("/");
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

function isOpaque(folder: number): boolean {
  return ["trusted.overlay.opaque", "user.overlay.opaque"].some((name) => {
    const value = readXattr(folder, name);
    return value?.length === 1 && value[0] === 0x79;
  });
}

const beneath = (folder: number, name: string): Buffer =>
  Buffer.from(`/proc/self/fd/${folder}/${name}`, "latin1");
