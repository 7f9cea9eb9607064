import { resolve } from "node:path";
import { size } from "../options/readers.ts";
import { UsageError } from "../options/usage-error.ts";
import { csv } from "./csv.ts";

export interface MountFields {
  /** Config.Volumes: anonymous ones. */
  readonly anonymous: readonly string[];
  /** HostConfig.Binds. */
  readonly binds: readonly string[];
}

/** `-v`: `/dst` alone is an anonymous volume; a relative source (`./data`) is relative to this process's folder. */
export function volumes(entries: readonly string[]): MountFields {
  const anonymous: string[] = [];
  const binds: string[] = [];
  for (const entry of entries) {
    const parts = entry.split(":");
    const [source = "", target] = parts;
    if (entry === "" || parts.length > 3 || parts.some((part) => part === ""))
      throw new UsageError(`cannot use "${entry}" for --volume: write SOURCE:TARGET or SOURCE:TARGET:ro`);
    if (target === undefined) anonymous.push(source);
    else binds.push([/^\.{1,2}(\/|$)/.test(source) ? resolve(source) : source, ...parts.slice(1)].join(":"));
  }
  return { anonymous, binds };
}

type Fields = Record<string, string>;

/** One entry of HostConfig.Mounts. */
export interface Mount {
  readonly Type: string;
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly BindOptions?: Record<string, unknown>;
  readonly VolumeOptions?: Record<string, unknown>;
  readonly ImageOptions?: Record<string, unknown>;
  readonly TmpfsOptions?: Record<string, unknown>;
}

const FLAGS = new Set(["readonly", "ro", "volume-nocopy", "bind-nonrecursive", "bind-create-src"]);

const KEYS: Readonly<Record<string, string>> = {
  type: "type",
  source: "source",
  src: "source",
  target: "target",
  dst: "target",
  destination: "target",
  readonly: "readonly",
  ro: "readonly",
  "bind-propagation": "bind-propagation",
  "bind-nonrecursive": "bind-nonrecursive",
  "bind-recursive": "bind-recursive",
  "bind-create-src": "bind-create-src",
  "volume-nocopy": "volume-nocopy",
  "volume-label": "volume-label",
  "volume-subpath": "volume-subpath",
  "volume-driver": "volume-driver",
  "volume-opt": "volume-opt",
  "image-subpath": "image-subpath",
  // A Mac's matter: dockerd passes over it, too.
  consistency: "consistency",
  "tmpfs-size": "tmpfs-size",
  "tmpfs-mode": "tmpfs-mode",
};

/** `--mount type=bind,source=/a,target=/b,readonly`. */
export function mount(entry: string): Mount {
  const refuse = (why: string) => new UsageError(`cannot use "${entry}" for --mount: ${why}`);
  const fields: Fields = {};
  const labels: Record<string, string> = {};
  const driver: Record<string, string> = {};
  for (const part of csv(entry)) {
    const equals = part.indexOf("=");
    const written = (equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    const key = KEYS[written];
    if (key === undefined) throw refuse(`"${written}" is not one of its keys`);
    if (equals < 0 && !FLAGS.has(written)) throw refuse(`"${written}" needs a value`);
    const value = equals < 0 ? "true" : part.slice(equals + 1);
    if (key === "volume-label") Object.assign(labels, Object.fromEntries([splitOnce(value)]));
    else if (key === "volume-opt") Object.assign(driver, Object.fromEntries([splitOnce(value)]));
    else fields[key] = value;
  }
  const type = fields["type"] ?? "volume";
  const target = fields["target"];
  if (target === undefined) throw refuse("it has no target");
  const source = fields["source"];
  if ((type === "bind" || type === "image") && source === undefined)
    throw refuse(`type=${type} needs a source`);
  if (!["bind", "volume", "image", "tmpfs"].includes(type))
    throw refuse(`"${type}" is not bind, volume, image or tmpfs`);
  const recursive = fields["bind-recursive"];
  if (recursive !== undefined && !Object.hasOwn(RECURSION, recursive))
    throw refuse(`bind-recursive is one of ${Object.keys(RECURSION).join(", ")}`);
  if (recursive === "readonly" && !(isTrue(fields["readonly"]) && fields["bind-propagation"] === "rprivate"))
    throw refuse("bind-recursive=readonly needs readonly and bind-propagation=rprivate");
  return {
    Type: type,
    Target: target,
    ...(source === undefined ? {} : { Source: type === "bind" ? resolve(source) : source }),
    ...(isTrue(fields["readonly"]) ? { ReadOnly: true } : {}),
    ...optionsOf(type, fields, labels, driver),
  };
}

/** `--mount bind-recursive=`: what it says of a bind. */
const RECURSION: Readonly<Record<string, Record<string, boolean>>> = {
  enabled: {},
  disabled: { NonRecursive: true },
  writable: { ReadOnlyNonRecursive: true },
  readonly: { ReadOnlyForceRecursive: true },
};

const isTrue = (value: string | undefined) => value !== undefined && /^(1|t|true)$/i.test(value);

function optionsOf(type: string, fields: Fields, labels: Fields, driver: Fields): Partial<Mount> {
  if (type === "bind") {
    const options = {
      ...(fields["bind-propagation"] === undefined ? {} : { Propagation: fields["bind-propagation"] }),
      ...(isTrue(fields["bind-nonrecursive"]) ? { NonRecursive: true } : {}),
      ...RECURSION[fields["bind-recursive"] ?? "enabled"],
      ...(isTrue(fields["bind-create-src"]) ? { CreateMountpoint: true } : {}),
    };
    return Object.keys(options).length > 0 ? { BindOptions: options } : {};
  }
  if (type === "volume") {
    const options = {
      ...(isTrue(fields["volume-nocopy"]) ? { NoCopy: true } : {}),
      ...(fields["volume-subpath"] === undefined ? {} : { Subpath: fields["volume-subpath"] }),
      ...(Object.keys(labels).length > 0 ? { Labels: labels } : {}),
      ...(Object.keys(driver).length > 0 || fields["volume-driver"] !== undefined
        ? { DriverConfig: { Name: fields["volume-driver"] ?? "local", Options: driver } }
        : {}),
    };
    return Object.keys(options).length > 0 ? { VolumeOptions: options } : {};
  }
  if (type === "image") {
    const subpath = fields["image-subpath"];
    return subpath === undefined ? {} : { ImageOptions: { Subpath: subpath } };
  }
  const options = {
    ...(fields["tmpfs-size"] === undefined ? {} : { SizeBytes: size(fields["tmpfs-size"]) }),
    ...(fields["tmpfs-mode"] === undefined ? {} : { Mode: Number.parseInt(fields["tmpfs-mode"], 8) }),
  };
  return Object.keys(options).length > 0 ? { TmpfsOptions: options } : {};
}

function splitOnce(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}
