import { unescapeOctal } from "../mounts.ts";

/** One mounted cgroup hierarchy. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Where the host has it mounted: `/sys/fs/cgroup/memory`. */
  readonly mount: string;
  /** The controllers that can be used here, as v1 names them (`blkio`, not `io`); a named v1 hierarchy has none. */
  readonly controllers: readonly string[];
  /** `systemd` for `name=systemd`. */
  readonly name?: string;
}

/** Every mounted hierarchy; the unified one, where there is one, comes first. */
export interface Hierarchies {
  readonly mode: "v1" | "hybrid" | "v2";
  readonly list: readonly Hierarchy[];
}

interface MountedFs {
  readonly mount: string;
  readonly type: string;
  readonly superOptions: readonly string[];
}

/** On v2 the controller has another name. */
const V1_NAMES: Readonly<Record<string, string>> = { io: "blkio" };

/**
 * The hierarchies of a host.
 * @param mountinfo the text of /proc/self/mountinfo (proc_pid_mountinfo(5))
 * @param cgroups the text of /proc/cgroups (cgroups(7)); it says which v1 controllers are enabled
 * @param controllersOf what the v2 mount's cgroup.controllers holds; undefined where something is mounted over it
 */
export function parseHierarchies(
  mountinfo: string,
  cgroups: string,
  controllersOf: (mount: string) => string | undefined,
): Hierarchies {
  const enabled = enabledControllers(cgroups);
  const list: Hierarchy[] = [];
  const seen = new Set<string>();
  for (const mounted of parseMounts(mountinfo)) {
    const hierarchy = hierarchyOf(mounted, enabled, controllersOf);
    if (hierarchy === undefined) continue;
    const key =
      hierarchy.version === 2 ? "unified" : `${hierarchy.name ?? ""}:${hierarchy.controllers.join()}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (hierarchy.version === 2) list.unshift(hierarchy);
    else list.push(hierarchy);
  }
  const unified = list.some((hierarchy) => hierarchy.version === 2);
  const v1 = list.some((hierarchy) => hierarchy.version === 1);
  return { mode: unified ? (v1 ? "hybrid" : "v2") : "v1", list };
}

function hierarchyOf(
  { mount, type, superOptions }: MountedFs,
  enabled: ReadonlySet<string>,
  controllersOf: (mount: string) => string | undefined,
): Hierarchy | undefined {
  if (type === "cgroup2") {
    const said = controllersOf(mount);
    if (said === undefined) return undefined;
    return { version: 2, mount, controllers: parseControllers(said) };
  }
  if (type !== "cgroup") return undefined;
  const name = superOptions.find((option) => option.startsWith("name="))?.slice("name=".length);
  const controllers = superOptions.filter((option) => enabled.has(option));
  return { version: 1, mount, controllers, ...(name === undefined ? {} : { name }) };
}

/** The text of a cgroup.controllers, with v1's names. */
export function parseControllers(text: string): string[] {
  const names = text.trim().split(" ").filter(Boolean);
  return names.map((name) => V1_NAMES[name] ?? name);
}

function enabledControllers(cgroups: string): Set<string> {
  const rows = cgroups.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Set(rows.flatMap((row) => (row.split("\t")[3] === "1" ? [row.split("\t")[0] as string] : [])));
}

function parseMounts(mountinfo: string): MountedFs[] {
  const cgroups = mountinfo.split("\n").filter((line) => line.includes(" - cgroup"));
  return cgroups.flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const mount = left.split(" ")[4];
    const [type, , superOptions = ""] = right.split(" ");
    if (mount === undefined || type === undefined) return [];
    return [{ mount: unescapeOctal(mount), type, superOptions: superOptions.split(",") }];
  });
}

/** The hierarchy that has the controller, and its name there. */
export function locate(hierarchies: Hierarchies, controller: string): Hierarchy | undefined {
  return hierarchies.list.find((hierarchy) => hierarchy.controllers.includes(controller));
}

export function unifiedOf(hierarchies: Hierarchies): Hierarchy | undefined {
  return hierarchies.list.find((hierarchy) => hierarchy.version === 2);
}
