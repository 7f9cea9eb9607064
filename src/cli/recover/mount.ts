import type { MountRecord } from "./record.ts";

/** An entry of HostConfig.Mounts as `--mount` takes it. */
export function mountText(mount: MountRecord): string {
  const {
    BindOptions: bind = {},
    VolumeOptions: volume = {},
    ImageOptions: image = {},
    TmpfsOptions: tmpfs = {},
  } = mount;
  const fields = [
    ["type", mount.Type],
    ["source", mount.Source],
    ["target", mount.Target],
    ["readonly", mount.ReadOnly && mount.Type !== "image"],
    ["bind-propagation", bind.Propagation === "rprivate" ? "" : bind.Propagation],
    ["bind-recursive", bind.NonRecursive ? "disabled" : bind.ReadOnlyNonRecursive ? "writable" : ""],
    ["bind-create-src", bind.CreateMountpoint],
    ["volume-nocopy", volume.NoCopy],
    ["volume-subpath", volume.Subpath],
    ...Object.entries(volume.Labels ?? {}).map(([key, value]) => ["volume-label", `${key}=${value}`]),
    ...Object.entries(volume.DriverConfig?.Options ?? {}).map(([key, value]) => [
      "volume-opt",
      `${key}=${value}`,
    ]),
    ["image-subpath", image.Subpath],
    ["tmpfs-size", tmpfs.SizeBytes === undefined ? "" : `${tmpfs.SizeBytes}`],
    ["tmpfs-mode", tmpfs.Mode?.toString(8)],
  ] as const;
  return fields
    .flatMap(([name, value]) => (value === true ? `${name}` : value ? csvField(`${name}=${value}`) : []))
    .join(",");
}

/** RFC 4180. */
const csvField = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
