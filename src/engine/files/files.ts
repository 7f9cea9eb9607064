import type { TreeRoot } from "../../image/tree/tree.ts";
import type { Rootfs } from "../../oci/rootfs.ts";
import { volumeOptions } from "../../volume/options.ts";
import { type Core, folderOf } from "../core.ts";
import type { MountPoint } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { holdTurn } from "../turn.ts";
import { volumeNamed } from "../volumes/find.ts";

/** A container's files, held while they are worked with. */
export interface Files extends AsyncDisposable {
  readonly root: TreeRoot;
  readonly rootfs: Rootfs;
}

/**
 * A running container is seen as its own processes see it. One that does not run is mounted aside with its volumes,
 * and keeps its turn meanwhile: two mounts of one writable layer would spoil it.
 */
export async function openFiles(core: Core, entry: Entry): Promise<Files> {
  if (entry.live !== null && entry.rootfs !== null)
    return {
      root: { kind: "process", pid: entry.live.pid },
      rootfs: entry.rootfs,
      [Symbol.asyncDispose]: async () => {},
    };
  const release = await holdTurn(core, entry);
  if (entry.live !== null) {
    release();
    return openFiles(core, entry);
  }
  try {
    const folder = folderOf(core, entry.id);
    const kept = entry.rootfs;
    const rootfs = kept ?? (await core.images.prepare(folder, core.images.resolve(entry.origin.imageId)));
    return {
      root: restingRoot(core, entry, rootfs),
      rootfs,
      [Symbol.asyncDispose]: async () => {
        if (kept === null) await core.images.release(folder);
        release();
      },
    };
  } catch (cause) {
    release();
    throw cause;
  }
}

function restingRoot(core: Core, entry: Entry, rootfs: Rootfs): TreeRoot {
  const binds = entry.origin.mounts.flatMap((mount) => {
    const source = placeOf(core, mount);
    if (source === undefined) return [];
    return [{ source, part: mount.subpath ?? "", destination: mount.target }];
  });
  return rootfs.kind === "overlay" ? { ...rootfs, binds } : { kind: "bound", path: rootfs.path, binds };
}

/** Where the files of a mount are while no container runs; what is mounted in containers alone is not there. */
function placeOf(core: Core, { type, name, source }: MountPoint): string | undefined {
  if (type === "bind") return source;
  if (type !== "volume") return undefined;
  const { mount } = volumeOptions(volumeNamed(core, name ?? "")?.options ?? {});
  if (mount === null) return source;
  return mount.type === "bind" ? mount.device : undefined;
}
