import { InroError } from "../oci/error.ts";

/** What a volume's options of the driver `local` say. */
export interface VolumeOptions {
  /** What is mounted where a container uses it; `null`: the volume's own folder. */
  readonly mount: VolumeMount | null;
  /** Bytes that the volume's own folder may hold; `null`: what the disk has. */
  readonly size: number | null;
}

export interface VolumeMount {
  /** `bind` mounts a folder of the host. */
  readonly type: string;
  readonly device: string;
  /** As mount(8) takes them. */
  readonly options: readonly string[];
}

/** The keys of docker's driver `local`, with those that each of them needs. */
const keys: Readonly<Record<string, readonly string[]>> = {
  type: ["device"],
  device: ["type"],
  o: ["type", "device"],
  size: [],
};

/** Reads `type`, `device`, `o` and `size`. INVALID_OPTION. */
export function volumeOptions(asked: Readonly<Record<string, string>>): VolumeOptions {
  for (const key of Object.keys(asked)) {
    const needs = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (needs === undefined)
      throw refused(key, `invalid option: "${key}"; there are ${Object.keys(keys).join(", ")}`);
    const missing = needs.find((name) => (asked[name] ?? "") === "");
    if (missing !== undefined) throw refused(key, `missing required option: "${missing}"`);
  }
  const { type = "", device = "", o = "", size } = asked;
  const options = o.split(",").filter((option) => option !== "");
  if (type !== "" && size !== undefined) throw refused("size", "what is mounted has a size of its own");
  return {
    mount: type === "" ? null : mountOf(type, device, options),
    size: size === undefined ? null : bytesOf(size),
  };
}

function mountOf(type: string, device: string, options: readonly string[]): VolumeMount {
  const isBind = type === "bind" || options.some((option) => option === "bind" || option === "rbind");
  if (!isBind && type === "none") throw refused("type", '"none" goes with the option "bind"');
  if (!/^[A-Za-z0-9_.-]+$/.test(type)) throw refused("type", `"${type}" is no type of a file system`);
  if (isBind && !device.startsWith("/")) throw refused("device", `"${device}" is not an absolute path`);
  if (device.includes("\0") || options.some((option) => option.includes("\0")))
    throw refused("device", "it holds a NUL");
  return { type: isBind ? "bind" : type, device, options };
}

const units: Readonly<Record<string, number>> = { "": 0, k: 10, m: 20, g: 30, t: 40, p: 50 };

/** `10m`, `1.5GiB`: as docker reads sizes (go-units, RAMInBytes). */
function bytesOf(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * 2 ** (units[unit.toLowerCase()] ?? 0));
  if (number !== "" && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw refused("size", `"${text}" is no size: write 500m or 10g`);
}

function refused(key: string, why: string): InroError {
  return new InroError("INVALID_OPTION", { what: "cannot make a volume", why, at: `--opt ${key}` });
}
