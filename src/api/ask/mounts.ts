import type { MountOption, Propagation } from "../../engine/options.ts";
import { InroError } from "../../oci/error.ts";
import {
  type Asked,
  field,
  flag,
  flagOrNull,
  integer,
  invalid,
  keys,
  list,
  object,
  objects,
  text,
  textOrNull,
  textRecord,
  texts,
} from "../asked.ts";

/**
 * Everything that is mounted: Binds, Mounts, Tmpfs; where nothing of them is, what comes from other containers; where
 * nothing is at all, the body's Volumes.
 */
export function mounts(body: Asked, host: Asked, fromOthers: readonly MountOption[]): readonly MountOption[] {
  const asked = [
    ...texts(host, "Binds").map((bind, index) => fromBind(bind, `${host.at}Binds[${index}]`)),
    ...objects(host, "Mounts").map(fromMount),
    ...Object.entries(textRecord(host, "Tmpfs")).map(([target, options]): MountOption => {
      return { type: "tmpfs", target, options: options === "" ? [] : options.split(","), listed: false };
    }),
  ];
  const all = free(asked, fromOthers);
  return free(
    all,
    keys(body, "Volumes").map((target) => volume(null, target)),
  );
}

/** The mounts, and of the others those whose places are not taken yet. */
function free(mounts: readonly MountOption[], others: readonly MountOption[]): readonly MountOption[] {
  const all = [...mounts];
  for (const other of others) if (all.every((mount) => mount.target !== other.target)) all.push(other);
  return all;
}

function volume(
  name: string | null,
  target: string,
  more: Partial<Omit<MountOption & { type: "volume" }, "type">> = {},
): MountOption {
  return {
    type: "volume",
    name,
    target,
    readOnly: false,
    copy: true,
    labels: {},
    options: {},
    subpath: null,
    ...more,
  };
}

const propagations: readonly Propagation[] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

interface BindWords {
  readOnly: boolean;
  copy: boolean;
  propagation: Propagation;
}

/** `SOURCE:TARGET[:ro,rslave,…]`, `NAME:TARGET[:…]`, or `TARGET` alone for an anonymous volume. */
export function fromBind(bind: string, at: string): MountOption {
  const parts = bind.split(":");
  const [source = "", target = "", options = ""] = parts;
  if (parts.length > 3 || bind === "" || (parts.length > 1 && (source === "" || target === ""))) {
    throw invalid(at, `"${bind}" is not SOURCE:TARGET[:OPTIONS]`);
  }
  if (parts.length === 1) return volume(null, bind);
  const asked = bindWords(options, at);
  if (!source.startsWith("/")) {
    return volume(volumeName(source, at), target, { readOnly: asked.readOnly, copy: asked.copy });
  }
  const { readOnly, propagation } = asked;
  const recursion = { recursive: true, readOnlyRecursive: true };
  return { type: "bind", source, target, readOnly, propagation, ...recursion, createSource: true };
}

// Labels (z, Z) need SELinux, consistency words need a Mac: dockerd ignores both elsewhere.
const ignored = ["z", "Z", "rw", "", "consistent", "cached", "delegated"];

function bindWords(options: string, at: string): BindWords {
  const words: BindWords = { readOnly: false, copy: true, propagation: "rprivate" };
  for (const word of options.split(",")) {
    const propagation = propagations.find((one) => one === word);
    if (word === "ro") words.readOnly = true;
    else if (word === "nocopy") words.copy = false;
    else if (propagation !== undefined) words.propagation = propagation;
    else if (!ignored.includes(word)) throw invalid(at, `invalid mode: ${word}`);
  }
  return words;
}

/** dockerd's grammar for names of volumes. */
export function volumeName(name: string, at: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(name)) {
    const hint = "for a folder of the host, use an absolute path";
    throw new InroError("INVALID_OPTION", {
      what: `cannot use "${name}" as the name of a volume`,
      why: "a name has letters, digits, and after the first one _ . or -, two at least",
      hint,
      at,
    });
  }
  return name;
}

function fromMount(mount: Asked): MountOption {
  const type = text(mount, "Type");
  const target = text(mount, "Target");
  if (target === "") throw invalid(`${mount.at}Target`, "it is empty");
  refuseOthers(mount, type);
  switch (type) {
    case "bind":
      return fromBindMount(mount, target);
    case "volume":
      return fromVolumeMount(mount, target);
    case "tmpfs":
      if (text(mount, "Source") !== "") throw invalid(`${mount.at}Source`, "a tmpfs has no source");
      return { type: "tmpfs", target, options: tmpfsWords(mount), listed: true };
    case "image": {
      const source = text(mount, "Source");
      if (source === "") throw invalid(`${mount.at}Source`, "no image is named");
      return { type: "image", source, target, subpath: textOrNull(object(mount, "ImageOptions"), "Subpath") };
    }
    default:
      throw invalid(`${mount.at}Type`, `"${type}" is none of bind, volume, image, tmpfs`);
  }
}

const optionsOf: Readonly<Record<string, string>> = {
  bind: "BindOptions",
  volume: "VolumeOptions",
  image: "ImageOptions",
  tmpfs: "TmpfsOptions",
};

/** dockerd's rule: options of another type are a mistake. */
function refuseOthers(mount: Asked, type: string): void {
  for (const [other, name] of Object.entries(optionsOf))
    if (other !== type && (field(mount, name) ?? null) !== null)
      throw invalid(mount.at + name, `field ${name} must not be specified for a mount of type "${type}"`);
}

function fromBindMount(mount: Asked, target: string): MountOption {
  const source = text(mount, "Source");
  if (!source.startsWith("/")) throw invalid(`${mount.at}Source`, `"${source}" is not an absolute path`);
  const options = object(mount, "BindOptions");
  const asked = text(options, "Propagation");
  const propagation = propagations.find((one) => one === (asked === "" ? "rprivate" : asked));
  if (propagation === undefined) throw invalid(`${options.at}Propagation`, `"${asked}" is not a propagation`);
  // All of it is read-only or the start fails, so that there is nothing to force; what contradicts it is refused.
  if (flag(options, "ReadOnlyForceRecursive") && !isAllReadOnly(mount, options, propagation))
    throw invalid(
      `${options.at}ReadOnlyForceRecursive`,
      "it needs ReadOnly, the propagation rprivate, and neither NonRecursive nor ReadOnlyNonRecursive",
    );
  return {
    type: "bind",
    source,
    target,
    readOnly: flag(mount, "ReadOnly"),
    propagation,
    recursive: !flag(options, "NonRecursive"),
    readOnlyRecursive: !flag(options, "ReadOnlyNonRecursive"),
    createSource: flagOrNull(options, "CreateMountpoint") ?? false,
  };
}

const isAllReadOnly = (mount: Asked, options: Asked, propagation: Propagation): boolean =>
  flag(mount, "ReadOnly") &&
  propagation === "rprivate" &&
  !flag(options, "NonRecursive") &&
  !flag(options, "ReadOnlyNonRecursive");

function fromVolumeMount(mount: Asked, target: string): MountOption {
  const options = object(mount, "VolumeOptions");
  const config = object(options, "DriverConfig");
  const driver = text(config, "Name");
  if (driver !== "" && driver !== "local")
    throw invalid(`${options.at}DriverConfig.Name`, "there is only local");
  const name = textOrNull(mount, "Source");
  return volume(name === null ? null : volumeName(name, `${mount.at}Source`), target, {
    readOnly: flag(mount, "ReadOnly"),
    copy: !flag(options, "NoCopy"),
    labels: textRecord(options, "Labels"),
    options: textRecord(config, "Options"),
    subpath: textOrNull(options, "Subpath"),
  });
}

function tmpfsWords(mount: Asked): readonly string[] {
  const options = object(mount, "TmpfsOptions");
  const [size, mode] = [integer(options, "SizeBytes"), integer(options, "Mode")];
  const more = list(options, "Options").map((entry, index) => {
    const words: unknown[] = Array.isArray(entry) ? entry : [];
    if (words.length < 1 || words.length > 2 || !words.every((word) => typeof word === "string")) {
      throw invalid(`${options.at}Options[${index}]`, "it is not one or two texts");
    }
    return words.join("=");
  });
  return [
    ...(flag(mount, "ReadOnly") ? ["ro"] : []),
    ...(size > 0 ? [`size=${size}`] : []),
    ...(mode > 0 ? [`mode=${mode.toString(8)}`] : []),
    ...more,
  ];
}
