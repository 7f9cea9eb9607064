import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { InroError, reasonOf } from "../../oci/error.ts";
import { type CdiEdits, type CdiSpec, cdiInvalid, parseCdiSpec } from "./spec.ts";

export const CDI_FOLDERS: readonly string[] = ["/etc/cdi", "/var/run/cdi"];

export interface CdiDevices {
  /** Full names: `vendor.com/class=name`. */
  readonly names: readonly string[];
  /** Files that cannot be used, and devices that two files of one folder describe, a sentence each. */
  readonly faults: readonly string[];
  /** The edits of these devices, in this order, each file's own before its first device's. DEVICE_MISSING. */
  edits(names: readonly string[]): readonly { readonly name: string; readonly edits: CdiEdits }[];
}

interface Found {
  readonly spec: CdiSpec;
  readonly edits: CdiEdits;
}

/** All that the folders describe, as they are now. What a later folder says of a device goes before an earlier one's. */
export async function cdiDevices(folders: readonly string[]): Promise<CdiDevices> {
  const devices = new Map<string, Found>();
  const faults: string[] = [];
  for (const folder of folders) {
    const here = new Map<string, Found | null>();
    for (const file of await filesOf(folder))
      try {
        const spec = await readSpec(file);
        for (const { name, containerEdits = {} } of spec.devices) {
          const full = `${spec.kind}=${name}`;
          if (here.has(full)) faults.push(`${full} is described by two files in ${folder}`);
          here.set(full, here.has(full) ? null : { spec, edits: containerEdits });
        }
      } catch (error) {
        faults.push(reasonOf(error));
      }
    for (const [name, found] of here)
      if (found === null) devices.delete(name);
      else devices.set(name, found);
  }
  return {
    names: [...devices.keys()].sort(),
    faults,
    edits: (names) => editsOf(names, { devices, faults, folders }),
  };
}

function editsOf(
  names: readonly string[],
  known: {
    readonly devices: ReadonlyMap<string, Found>;
    readonly faults: readonly string[];
    readonly folders: readonly string[];
  },
) {
  const missing = names.filter((name) => !known.devices.has(name));
  if (missing.length > 0) throw unresolvable(missing, known);
  const begun = new Set<CdiSpec>();
  return [...new Set(names)].flatMap((name) => {
    const { spec, edits } = known.devices.get(name) as Found;
    const first = !begun.has(spec);
    begun.add(spec);
    return [...(first ? [{ name, edits: spec.containerEdits ?? {} }] : []), { name, edits }];
  });
}

/** dockerd's words. */
function unresolvable(
  missing: readonly string[],
  {
    devices,
    faults,
    folders,
  }: {
    readonly devices: ReadonlyMap<string, Found>;
    readonly faults: readonly string[];
    readonly folders: readonly string[];
  },
): InroError {
  const there = devices.size === 0 ? "none are there" : `there are ${[...devices.keys()].join(", ")}`;
  const places =
    folders.length === 0 ? "no folder of specifications is read" : `${there} in ${folders.join(", ")}`;
  return new InroError("DEVICE_MISSING", {
    what: "cannot give the container its devices",
    why: ["CDI device injection failed: unresolvable CDI devices", missing.join(", "), ...faults].join(" "),
    hint: `${places}; inro info lists them`,
    at: "--device",
  });
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  return names
    .filter((name) => [".json", ".yaml"].includes(extname(name)))
    .sort()
    .map((name) => join(folder, name));
}

async function readSpec(file: string): Promise<CdiSpec> {
  const content = await readFile(file, "utf8");
  let value: unknown;
  try {
    value = extname(file) === ".json" ? JSON.parse(content) : (await import("yaml")).parse(content);
  } catch (cause) {
    throw cdiInvalid(file, reasonOf(cause), cause);
  }
  return parseCdiSpec(value, file);
}
