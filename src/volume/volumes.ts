import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { InroError } from "../oci/error.ts";

/** Folders that outlive containers: `<root>/volumes/<name>/_data`. What is recorded of them is the engine's. */
export interface VolumeStore {
  /** A volume's own folder, which holds that of its files. */
  folderOf(name: string): string;
  /** Where a volume's files lie. */
  pathOf(name: string): string;
  /** Makes an empty one; false when its folder is there already. */
  make(name: string): boolean;
  /** A folder for a volume that gets its name when it is whole; its files' folder is the caller's to make. */
  begin(): NewVolume;
  /** Takes no part of a turn of the event loop: nobody sees it half done. */
  rename(from: string, to: string): void;
  /** Folders that no record names: made just before a crash. */
  strangers(known: ReadonlySet<string>): readonly string[];
}

export interface NewVolume {
  readonly folder: string;
  /** Where its files are to lie. */
  readonly data: string;
  /** False when the name is taken. */
  finish(name: string): boolean;
}

/** Docker's rule. INVALID_OPTION. */
export function checkVolumeName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(name)) return name;
  throw new InroError("INVALID_OPTION", {
    what: `cannot name a volume "${name}"`,
    why: "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, two characters at least and 255 at most",
    hint: "to mount a folder of the host, write its absolute path",
    at: "--volume",
  });
}

/**
 * `root` is made when it is missing, and closed to other users of the host (R26): a container may put a setuid program
 * into a volume, whose name anybody can guess.
 */
export function openVolumes(root: string): VolumeStore {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  chmodSync(root, 0o700);
  const folderOf = (name: string) => join(root, name);
  const pathOf = (name: string) => join(root, name, "_data");
  return {
    folderOf,
    pathOf,
    make: (name) => {
      if (!made(folderOf(name))) return false;
      mkdirSync(pathOf(name), { mode: 0o755 });
      return true;
    },
    begin: () => {
      // No name of a volume begins with a dot.
      const folder = join(root, `.new-${randomBytes(8).toString("hex")}`);
      mkdirSync(folder, { mode: 0o700 });
      const finish = (name: string) => claimed(folder, folderOf(name));
      return { folder, data: join(folder, "_data"), finish };
    },
    rename: (from, to) => renameSync(folderOf(from), folderOf(to)),
    strangers: (known) =>
      readdirSync(root)
        .filter((name) => !known.has(name))
        .map(folderOf),
  };
}

function made(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  }
}

/** rename(2) of a folder replaces an empty one alone: that of a volume holds its files' folder. */
function claimed(folder: string, name: string): boolean {
  try {
    renameSync(folder, name);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    throw cause;
  }
}
