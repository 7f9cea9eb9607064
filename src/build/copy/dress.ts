import { toTar } from "../../image/tree/convert.ts";
import { type SeenEntry, toText } from "../../image/tree/entry.ts";
import { InroError } from "../../oci/error.ts";
import type { ChangeMode } from "./mode.ts";
import type { Owner } from "./owner.ts";
import type { Dress } from "./placing.ts";

export interface Dressing {
  /** Of everything; null: of the sources, or root. */
  readonly owner: Owner | null;
  readonly change: ChangeMode | null;
}

const root: Owner = { uid: 0, gid: 0 };

/** How an entry of a source is put into the layer. A link has no permissions of its own to change. */
export function dressOf(entry: SeenEntry, keepsOwners: boolean, { owner, change }: Dressing): Dress {
  const tar = toTar(entry, "");
  if (tar === undefined)
    throw new InroError("COPY_SOURCE_INVALID", {
      what: `cannot copy ${JSON.stringify(toText(entry.path))}`,
      why: "a socket cannot be in an image",
    });
  const { name: _, ...dress } = tar;
  const mode =
    change === null || dress.type === "symlink" ? dress.mode : change(dress.mode, dress.type === "directory");
  const { uid, gid } = entry;
  return { ...dress, mode, ...(owner ?? (keepsOwners ? { uid, gid } : root)) };
}
