/** What a container wrote as a layer's tar: image-spec, layer.md, "Representing Changes". */
import { InroError } from "../../oci/error.ts";
import type { Rootfs } from "../../oci/rootfs.ts";
import { noLater, plainEntry, type TarEntry } from "../tar/entry.ts";
import { askChanges } from "./changes.ts";
import { toTar } from "./convert.ts";
import { type TreeEntry, toText } from "./entry.ts";
import { kind } from "./frames.ts";
import { nameOf, opaqueName, parentOf, whiteoutPrefix, within } from "./names.ts";
import { tarOf } from "./tar-out.ts";

// A whiteout has nothing but its name: the same deletion is the same bytes.
const marker = (name: string): TarEntry => ({ ...plainEntry, type: "file", name, mode: 0o600 });

function changeEntry(e: TreeEntry): TarEntry | undefined {
  if (e.path === "") return undefined;
  const name = nameOf(e.path);
  if (e.kind === kind.opaque) return marker(within(e.path, opaqueName));
  if (e.kind === kind.whiteout) return marker(within(parentOf(e.path), whiteoutPrefix + name));
  if (!name.startsWith(whiteoutPrefix)) return toTar(e, "");
  throw new InroError("LAYER_REFUSED", {
    what: `cannot make a layer with ${JSON.stringify(toText(e.path))}`,
    why: `a name that begins with "${whiteoutPrefix}" means a deletion there (OCI image specification, layer.md)`,
    hint: "give it another name",
  });
}

/**
 * What the root changes in what is below it, in the order of names; overlayfs's whiteouts and opaque folders become the
 * specification's. `leftOut` is asked with the path from the root. No file is said to be younger than `latest`, in
 * seconds since 1970. Throws LAYER_REFUSED, TREE_FAILED.
 */
export async function* layerTar(
  native: string,
  rootfs: Rootfs,
  leftOut: (path: string) => boolean,
  latest = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  await using session = await askChanges(native, rootfs, 0);
  yield* tarOf(session, (entry) => {
    const changed = leftOut(`/${toText(entry.path)}`) ? undefined : changeEntry(entry);
    return changed === undefined ? undefined : noLater(changed, latest);
  });
}
