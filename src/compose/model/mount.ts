/** `volumes` and `devices` of a service (05-services.md). */
import type { Node, Place } from "../file/node.ts";
import { isHostPath, shortVolume } from "../file/short/volume.ts";
import { list, texts } from "./collection.ts";
import { mode } from "./file-use.ts";
import { type At, type Kind, kept, refuse } from "./kind.ts";
import { containerPath, hostPath, refuseWindows } from "./path.ts";
import type { BindOptions, Device, Mount, VolumeOptions } from "./project.ts";
import { record } from "./record.ts";
import { anything, flag, oneOf, size, text } from "./scalar.ts";

interface Written {
  readonly type?: Mount["type"];
  readonly source?: string;
  readonly target?: string;
  readonly read_only?: boolean;
  readonly consistency?: string;
  readonly bind?: BindOptions;
  readonly volume?: VolumeOptions;
  readonly tmpfs?: { readonly size?: number; readonly mode?: number };
  readonly image?: { readonly subpath?: string };
  readonly cluster?: object;
}

const propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"] as const;
const consistencies = ["consistent", "cached", "delegated"];

const long = record<Written>({
  type: oneOf("bind", "volume", "tmpfs", "image", "npipe", "cluster"),
  source: text,
  target: text,
  read_only: flag,
  consistency: text,
  bind: record<BindOptions>({
    selinux: oneOf("z", "Z"),
    propagation: oneOf(...propagations),
    create_host_path: { ...flag, kept: "not hashed" },
    recursive: oneOf("enabled", "disabled", "writable", "readonly"),
  }),
  volume: record<VolumeOptions>({ labels: texts, nocopy: flag, subpath: text }),
  tmpfs: record<NonNullable<Written["tmpfs"]>>({ size, mode }),
  image: record<NonNullable<Written["image"]>>({ subpath: text }),
  cluster: kept(anything as Kind<object>),
});

/** Which options belong to which type; a source it has, may have or must not have. */
const types: Readonly<Record<Mount["type"], { readonly source: "needed" | "allowed" | "none" }>> = {
  bind: { source: "needed" },
  volume: { source: "allowed" },
  tmpfs: { source: "none" },
  image: { source: "needed" },
  npipe: { source: "needed" },
  cluster: { source: "needed" },
};

const mount: Kind<Mount> = {
  read: (node, at) => {
    if (node.kind !== "mapping") return short(text.read(node, at), node.place, at);
    const { type, source, target, ...rest } = long.read(node, at);
    if (type === undefined) return refuse(at, node.place, "it has no type", "bind, volume, tmpfs or image");
    if (target === undefined) return refuse(at, node.place, "it has no target");
    const place = (key: string) => node.entries.get(key)?.value.place ?? node.place;
    for (const other of ["bind", "volume", "tmpfs", "image"] as const)
      if (rest[other] !== undefined && other !== type)
        refuse(at, place(other), `"${other}" belongs to mounts of type ${other}, and this one is a ${type}`);
    const { source: wanted } = types[type];
    if (wanted === "needed" && !source) refuse(at, node.place, `a mount of type ${type} needs a source`);
    if (wanted === "none" && source) refuse(at, place("source"), `a mount of type ${type} has no source`);
    if (type === "volume" && source !== undefined && isHostPath(source))
      refuse(at, place("source"), `"${source}" is a path and not a volume`, "write type: bind");
    return {
      type,
      ...(source ? { source: type === "bind" ? hostPath(source, place("source"), at) : source } : {}),
      target: containerPath(target, place("target"), at),
      ...rest,
    } as Mount;
  },
  print: (value, form) => long.print(value, form),
};

export const mounts: Kind<readonly Mount[]> = list(mount);

const hint = 'SOURCE:TARGET[:OPTIONS], such as "data:/var/lib/data" or "./conf:/etc/conf:ro"';

function short(written: string, place: Place, at: At): Mount {
  refuseWindows(written, place, at);
  const read = shortVolume(written);
  if (read === undefined) return refuse(at, place, `${JSON.stringify(written)} is not a mount`, hint);
  const target = containerPath(read.target, place, at, hint);
  const { source } = read;
  if (source === undefined) return { type: "volume", target, volume: {} };
  const isBind = isHostPath(source);
  let found: Written = isBind ? { bind: {} } : { volume: {} };
  for (const option of read.options) found = withOption(found, option, written, place, at);
  const { bind, volume, ...rest } = found;
  const common = { target, ...rest };
  return isBind
    ? {
        type: "bind",
        source: hostPath(source, place, at),
        ...common,
        bind: { ...bind, create_host_path: true },
      }
    : { type: "volume", source, ...common, volume: volume ?? {} };
}

function withOption(mount: Written, option: string, written: string, place: Place, at: At): Written {
  // How exactly both sides have to agree is of no meaning where they are the same machine.
  if (option === "" || option === "rw" || consistencies.includes(option)) return mount;
  if (option === "ro") return { ...mount, read_only: true };
  if (option === "z" || option === "Z")
    return mount.bind === undefined ? mount : { ...mount, bind: { ...mount.bind, selinux: option } };
  if (propagations.some((known) => known === option)) {
    if (mount.bind === undefined) refuse(at, place, `"${option}" in "${written}" is for paths of the host`);
    return { ...mount, bind: { ...mount.bind, propagation: option } };
  }
  if (option === "nocopy") {
    if (mount.volume === undefined) refuse(at, place, `"nocopy" in "${written}" is for volumes`);
    return { ...mount, volume: { ...mount.volume, nocopy: true } };
  }
  return refuse(
    at,
    place,
    `"${option}" in "${written}" is no option of a mount`,
    `there are rw, ro, z, Z, nocopy, ${propagations.join(", ")}`,
  );
}

const longDevice = record<Device>({ source: text, target: text, permissions: text });

const device: Kind<Device> = {
  read: (node, at) =>
    node.kind === "mapping" ? checked(longDevice.read(node, at), node, at) : shortDevice(node, at),
  print: longDevice.print,
};

export const devices: Kind<readonly Device[]> = list(device);

function shortDevice(node: Node, at: At): Device {
  const written = text.read(node, at);
  const parts = written.split(":");
  if (parts.length > 3)
    refuse(at, node.place, `"${written}" has more than three parts`, "PATH[:PATH IN THE CONTAINER[:rwm]]");
  const [source = "", target, permissions] = parts;
  return checked({ source, target: target || source, permissions: permissions || "rwm" }, node, at);
}

function checked(device: Device, node: Node, at: At): Device {
  const whole = {
    ...device,
    target: device.target ?? device.source,
    permissions: device.permissions ?? "rwm",
  };
  if (!whole.source)
    refuse(at, node.place, "it has no source", "a path such as /dev/ttyUSB0, or a CDI device's name");
  if (!/^[rwm]{1,3}$/.test(whole.permissions))
    refuse(at, node.place, `"${whole.permissions}" are no permissions`, "some of r, w and m");
  if (!isCdi(whole.source)) {
    hostDevice(whole.source, node, at);
    hostDevice(whole.target, node, at);
  }
  return whole;
}

function hostDevice(written: string, node: Node, at: At): void {
  if (!written.startsWith("/")) refuse(at, node.place, `"${written}" is not an absolute path`);
}

/** `vendor.com/class=name` (Container Device Interface). */
const isCdi = (source: string): boolean => /^[^/=]+\/[^/=]+=[^/=]+$/.test(source);
