/** A root file system, or a part of one, as a mount of another container. */
import type { Rootfs } from "../../oci/rootfs.ts";
import { layerFolders, statInLayers } from "../files/layers.ts";
import type { ResolvedMount } from "./mounts.ts";

/** `subpath`: relative, resolved inside the root; empty for all of it. */
export function rootMount(
  root: Rootfs,
  { target, subpath, isReadOnly }: RootPart,
): Omit<ResolvedMount, "because"> {
  const detail = subpath === "" ? {} : { subpath };
  if (root.kind === "folder") {
    const options = ["bind", "rprivate", isReadOnly ? "ro" : "rw"];
    return { type: "bind", source: root.path, target, options, detail };
  }
  const isFile = statInLayers(layerFolders(root), `/${subpath}`)?.isDirectory() === false;
  return {
    type: "overlay",
    source: target,
    target,
    options: [],
    detail: { ...detail, layers: root, isFile },
  };
}

interface RootPart {
  readonly target: string;
  readonly subpath: string;
  readonly isReadOnly: boolean;
}
