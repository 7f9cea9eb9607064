import type { ContainerDetails } from "../../engine/engine.ts";

/** As dockerd, without what `--tmpfs` asked for. */
export function mountPoints({ mounts, options }: Pick<ContainerDetails, "mounts" | "options">) {
  const unlisted = new Set(
    options.mounts.flatMap((mount) => (mount.type === "tmpfs" && !mount.listed ? [mount.target] : [])),
  );
  const listed = mounts.filter(({ target }) => !unlisted.has(target));
  return listed.map((mount) => ({
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
