import type { MountOption } from "../../engine/options.ts";

/** `-v` is told as Binds, `--mount` as Mounts, as it was asked for. */
export function mountConfig(mounts: readonly MountOption[]) {
  const tmpfs = mounts.filter((mount) => mount.type === "tmpfs").filter(({ listed }) => !listed);
  const named = mounts.filter(
    (mount) =>
      bindText(mount) === null &&
      (mount.type !== "tmpfs" || mount.listed) &&
      (mount.type !== "volume" || mount.name !== null),
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
  if (mount.type === "bind" && mount.createSource && mount.recursive && mount.readOnlyRecursive) {
    const words = [
      ...(mount.readOnly ? ["ro"] : []),
      ...(mount.propagation === "rprivate" ? [] : [mount.propagation]),
    ];
    return [mount.source, mount.target, ...(words.length === 0 ? [] : [words.join(",")])].join(":");
  }
  if (mount.type !== "volume" || mount.name === null || mount.subpath !== null) return null;
  if (Object.keys(mount.labels).length > 0 || Object.keys(mount.options).length > 0) return null;
  const words = [...(mount.readOnly ? ["ro"] : []), ...(mount.copy ? [] : ["nocopy"])];
  return [mount.name, mount.target, ...(words.length === 0 ? [] : [words.join(",")])].join(":");
}

/** What `--mount type=tmpfs` was told of it; the rest are options of the file system. */
function tmpfsRecord(words: readonly string[]) {
  const numbers = { size: /^size=(\d+)$/, mode: /^mode=([0-7]+)$/ };
  const find = (of: keyof typeof numbers) =>
    words.map((word) => numbers[of].exec(word)?.[1]).find((value) => value !== undefined);
  const [size, mode] = [find("size"), find("mode")];
  const more = words.filter((word) => word !== "ro" && !numbers.size.test(word) && !numbers.mode.test(word));
  const TmpfsOptions = {
    ...(size === undefined ? {} : { SizeBytes: Number(size) }),
    ...(mode === undefined ? {} : { Mode: Number.parseInt(mode, 8) }),
    ...(more.length === 0 ? {} : { Options: more.map((word) => word.split("=")) }),
  };
  return {
    ...(words.includes("ro") ? { ReadOnly: true } : {}),
    ...(Object.keys(TmpfsOptions).length === 0 ? {} : { TmpfsOptions }),
  };
}

function mountRecord(mount: MountOption) {
  const shared = { Type: mount.type, Target: mount.target };
  if (mount.type === "tmpfs") return { ...shared, ...tmpfsRecord(mount.options) };
  if (mount.type === "image") {
    const ImageOptions = { Subpath: mount.subpath ?? "" };
    return { ...shared, Source: mount.source, ReadOnly: true, ImageOptions };
  }
  const { readOnly: ReadOnly } = mount;
  if (mount.type === "bind") {
    const BindOptions = {
      Propagation: mount.propagation,
      NonRecursive: !mount.recursive,
      ...(mount.createSource ? { CreateMountpoint: true } : {}),
      ...(mount.readOnlyRecursive ? {} : { ReadOnlyNonRecursive: true }),
    };
    return { ...shared, Source: mount.source, ReadOnly, BindOptions };
  }
  const VolumeOptions = {
    NoCopy: !mount.copy,
    Labels: mount.labels,
    ...(Object.keys(mount.options).length === 0
      ? {}
      : { DriverConfig: { Name: "local", Options: mount.options } }),
    ...(mount.subpath === null ? {} : { Subpath: mount.subpath }),
  };
  return { ...shared, Source: mount.name ?? "", ReadOnly, VolumeOptions };
}
