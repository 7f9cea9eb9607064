/** What the drivers btrfs and copy share: a layer's folder holds all files up to it, a container's root is one folder. */
import { existsSync, renameSync, statSync, writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { diskFull } from "../../platform/disk-full.ts";
import { layUpon, removeTree } from "../tree/whole.ts";
import type { Driver } from "./driver.ts";

/** When the copy was complete: what its files say is later was changed since. */
const madeName = "root-made";

function madeAt(folder: string): { seconds: number; nanoseconds: number } {
  const { ctimeNs } = statSync(join(folder, madeName), { bigint: true });
  return { seconds: Number(ctimeNs / 1_000_000_000n), nanoseconds: Number(ctimeNs % 1_000_000_000n) };
}

export interface WholeRoots extends Pick<Driver, "name" | "layersName" | "writableName"> {
  readonly native: string;
  /** Makes `to`, which is not there: what `from` holds, or empty. */
  duplicate(from: string | undefined, to: string): Promise<void>;
  limit(folder: string, name: string, bytes: number): Promise<void>;
  /** Puts on the disk what was duplicated, where that does not come with it. */
  settle(path: string): Promise<void>;
}

export function wholeRoots({ native, duplicate, limit, settle, ...named }: WholeRoots): Driver {
  /** Copies under another name first: what bears its own name is whole. */
  const make = async (folder: string, layer: string, bytes: number | undefined) => {
    const fresh = join(folder, `${named.writableName}.new`);
    await removeTree(native, fresh);
    try {
      await duplicate(layer, fresh);
      if (bytes !== undefined) await limit(folder, `${named.writableName}.new`, bytes);
      // Unlike a layer it cannot be made again once something was written to it.
      await settle(fresh);
    } catch (error) {
      await removeTree(native, fresh);
      throw diskFull(error, { what: "cannot make a container's root", folder }) ?? error;
    }
    writeFileSync(join(folder, madeName), "", { mode: 0o600 });
    renameSync(fresh, join(folder, named.writableName));
  };

  return {
    ...named,
    async complete(folder, below) {
      const [layer, whole] = [join(folder, "layer"), join(folder, "fs")];
      await rename(whole, layer);
      await duplicate(await below(), whole);
      await layUpon(native, layer, whole);
      await removeTree(native, layer);
    },
    async prepare(folder, [layer = ""], bytes) {
      const path = join(folder, named.writableName);
      if (!existsSync(path)) await make(folder, layer, bytes);
      return { kind: "folder", path, copyOf: { folder: layer, at: madeAt(folder) } };
    },
    view: (_, [layer = ""]) => ({ kind: "folder", path: layer }),
    release: async () => {},
  };
}
