import type { ImageChange, Side } from "../../image/images.ts";
import { InroError } from "../../oci/error.ts";
import type { Core } from "../core.ts";
import type { Entry } from "../entry.ts";
import { withWritten } from "./written.ts";

/** An image, or else a container. Throws NO_SUCH_IMAGE where it is neither. */
function meant(core: Core, name: string): Side | Entry {
  try {
    return { image: core.images.resolve(name) };
  } catch (error) {
    if (!(error instanceof InroError) || error.code !== "NO_SUCH_IMAGE") throw error;
    try {
      return core.shelf.find(name);
    } catch {
      throw error;
    }
  }
}

function asSide<T>(core: Core, found: Side | Entry, work: (side: Side) => Promise<T>): Promise<T> {
  if ("image" in found) return work(found);
  return withWritten(core, found, false, (written, image) => work({ image, written }));
}

/** The files that the second has added, changed and removed; both are images or containers. */
export async function compareFiles(core: Core, from: string, to: string): Promise<readonly ImageChange[]> {
  const [a, b] = [meant(core, from), meant(core, to)];
  if (a === b) return [];
  return await asSide(core, a, (old) => asSide(core, b, (now) => core.images.diff(old, now)));
}
