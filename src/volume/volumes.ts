import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { InroError } from "../oci/error.ts";

/** Folders that outlive containers: `<root>/volumes/<name>/_data`. What is recorded of them is the engine's. */
export interface VolumeStore {
  /** Where a volume's files lie. */
  pathOf(name: string): string;
  /** Makes an empty one; false when its folder is there already. */
  make(name: string): boolean;
  /** With all that is in it. */
  remove(name: string): Promise<void>;
  /** Removes folders that no record names: made just before a crash. */
  sweep(known: ReadonlySet<string>): void;
}

/** Docker's rule. INVALID_OPTION. */
export function checkVolumeName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return name;
  throw new InroError("INVALID_OPTION", {
    what: `cannot name a volume "${name}"`,
    why: "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, at least two characters",
    hint: "to mount a folder of the host, write its absolute path",
    at: "--volume",
  });
}

/**
 * `folder` is made when it is missing, and closed to other users of the host (R26): a container may put a setuid program
 * into a volume, whose name anybody can guess.
 */
export function openVolumes(folder: string): VolumeStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const pathOf = (name: string) => join(folder, name, "_data");
  return {
    pathOf,
    make: (name) => {
      try {
        mkdirSync(join(folder, name), { mode: 0o700 });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
        throw cause;
      }
      mkdirSync(pathOf(name), { mode: 0o755 });
      return true;
    },
    remove: (name) => rm(join(folder, name), { recursive: true, force: true }),
    sweep: (known) => {
      for (const name of readdirSync(folder))
        if (!known.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
    },
  };
}
