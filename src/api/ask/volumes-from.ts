import type { Engine, MountPoint } from "../../engine/engine.ts";
import type { MountOption, Propagation } from "../../engine/options.ts";
import { type Asked, invalid, texts } from "../asked.ts";

/** What is mounted in a container that exists already. Throws when there is none. */
export type MountsOf = (container: string) => readonly MountPoint[];

export const mountsIn =
  (engine: Engine): MountsOf =>
  (container) =>
    engine.containers.get(container).mounts;

/** VolumesFrom: `container[:ro|rw]`; the folders and volumes of another container, as they are there now. */
export function volumesFrom(host: Asked, mountsOf: MountsOf): readonly MountOption[] {
  return texts(host, "VolumesFrom").flatMap((entry, index) => {
    const at = `${host.at}VolumesFrom[${index}]`;
    const [container = "", mode = "", ...rest] = entry.split(":");
    if (container === "" || rest.length > 0 || !["", "ro", "rw", "z", "Z"].includes(mode)) {
      throw invalid(at, `"${entry}" is not CONTAINER[:ro|rw]`);
    }
    return existing(container, at, mountsOf).flatMap((mount) => inherited(mount, mode === "ro"));
  });
}

// Not a 404: the docker CLI takes that for a missing image, pulls it and asks again.
function existing(container: string, at: string, mountsOf: MountsOf): readonly MountPoint[] {
  try {
    return mountsOf(container);
  } catch (error) {
    throw invalid(at, (error as Error).message);
  }
}

function inherited(mount: MountPoint, asReadOnly: boolean): MountOption[] {
  const { target } = mount;
  const readOnly = mount.readOnly || asReadOnly;
  if (mount.type === "volume") {
    return [
      {
        type: "volume",
        name: mount.name,
        target,
        readOnly,
        copy: false,
        labels: {},
        options: {},
        subpath: mount.subpath,
      },
    ];
  }
  if (mount.type !== "bind") return [];
  const propagation = mount.propagation as Propagation;
  const { source } = mount;
  const recursion = { recursive: true, readOnlyRecursive: true };
  return [{ type: "bind", source, target, readOnly, propagation, ...recursion, createSource: true }];
}
