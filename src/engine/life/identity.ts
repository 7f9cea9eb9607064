import type { Rootfs } from "../../oci/rootfs.ts";
import { layerFolders, readInLayers } from "../files/layers.ts";
import { type Identity, identify } from "../spec/user.ts";

/** Far more than any real one; what a container can make the engine read is bounded (R17). */
const MOST_BYTES = 4 * 1024 * 1024;

/** Who `user[:group]` is, by the container's own /etc/passwd and /etc/group. NO_SUCH_USER, NO_SUCH_GROUP. */
export function identityIn(rootfs: Rootfs, user: string | null, groupAdd: readonly string[]): Identity {
  const folders = layerFolders(rootfs);
  return identify({
    user: user ?? "",
    groupAdd,
    passwd: readInLayers(folders, "/etc/passwd", MOST_BYTES) ?? "",
    group: readInLayers(folders, "/etc/group", MOST_BYTES) ?? "",
  });
}
