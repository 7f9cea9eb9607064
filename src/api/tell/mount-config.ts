import type { MountOption } from "../../engine/options.ts";

/** `-v` is told as Binds, `--mount` as Mounts, as it was asked for. */
export function mountConfig(mounts: readonly MountOption[]) {
  const tmpfs = mounts.filter((mount) => mount.type === "tmpfs");
  const named = mounts.filter(
    (mount) =>
      bindText(mount) === null && (mount.type === "bind" || (mount.type === "volume" && mount.name !== null)),
  );
  return {
    Binds: mounts.map(bindText).filter((bind) => bind !== null),
    ...(named.length === 0 ? {} : { Mounts: named.map(mountRecord) }),
    ...(tmpfs.length === 0
      ? {}
      : { Tmpfs: Object.fromEntries(tmpfs.map((mount) => [mount.target, mount.options.join(",")])) }),
  };
}

function bindText(mount: MountOption): string | null {
  if (mount.type === "bind" && mount.createSource) {
    const words = [
      ...(mount.readOnly ? ["ro"] : []),
      ...(mount.propagation === "rprivate" ? [] : [mount.propagation]),
    ];
    return [mount.source, mount.target, ...(words.length === 0 ? [] : [words.join(",")])].join(":");
  }
  const plain = mount.type === "volume" && mount.subpath === null && Object.keys(mount.labels).length === 0;
  if (!plain || mount.name === null) return null;
  const words = [...(mount.readOnly ? ["ro"] : []), ...(mount.copy ? [] : ["nocopy"])];
  return [mount.name, mount.target, ...(words.length === 0 ? [] : [words.join(",")])].join(":");
}

function mountRecord(mount: MountOption) {
  const shared = { Type: mount.type, Target: mount.target };
  if (mount.type === "bind") {
    const BindOptions = { Propagation: mount.propagation, NonRecursive: !mount.recursive };
    return { ...shared, Source: mount.source, ReadOnly: mount.readOnly, BindOptions };
  }
  if (mount.type === "tmpfs") return shared;
  const VolumeOptions = {
    NoCopy: !mount.copy,
    Labels: mount.labels,
    ...(mount.subpath === null ? {} : { Subpath: mount.subpath }),
  };
  return { ...shared, Source: mount.name ?? "", ReadOnly: mount.readOnly, VolumeOptions };
}
