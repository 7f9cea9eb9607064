import type { MountPoint } from "../../engine/engine.ts";

export function mountPoints(mounts: readonly MountPoint[]) {
  return mounts.map((mount) => ({
    Type: mount.type,
    ...(mount.name === null ? {} : { Name: mount.name }),
    Source: mount.source,
    Destination: mount.target,
    ...(mount.type === "volume" ? { Driver: "local" } : {}),
    Mode: "",
    RW: !mount.readOnly,
    Propagation: mount.type === "bind" ? mount.propagation : "",
  }));
}
