import { type Hierarchies, type Hierarchy, locate, unifiedOf } from "../../kernel/cgroup/hierarchies.ts";
import type { Setting } from "../../kernel/cgroup/setting.ts";
import { type Placed, settingsOf } from "../../kernel/cgroup/settings.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import type { SpecResources } from "../../oci/runtime-spec.ts";
import { compileDevices, compileOwner } from "./cgroup-access.ts";
import { type CompileInput, type Draft, POINT } from "./context.ts";
import { hasUserNamespace } from "./dev.ts";

/** Joined by every container: what limits and counts. Others only when they are asked for. */
const ALWAYS = ["memory", "cpu", "cpuacct", "pids", "blkio", "devices"];

/** The cgroups of a container: one slot for each hierarchy that it joins. */
export interface JoinedCgroups {
  readonly slots: ReadonlyMap<Hierarchy, Slot>;
  /** Where the memory controller is, for the monitor's word on out-of-memory kills. */
  readonly memory: Slot | undefined;
  /** The unified hierarchy's: the child is born into it. */
  readonly birth: Slot | undefined;
  /** Hierarchies of v1, which the child has to join after its birth. */
  readonly joinsLater: boolean;
}

/** Makes the container's cgroups with their limits (host). */
export function compileCgroups(draft: Draft, input: CompileInput): JoinedCgroups {
  const { facts, spec } = input;
  const resources = spec.linux?.resources ?? {};
  const settings = settingsOf(resources, facts.hierarchies.list);
  const slots = new Map<Hierarchy, Slot>();
  for (const hierarchy of joined(facts.hierarchies, settings)) slots.set(hierarchy, draft.newSlot());
  const wanted = new Set([...ENABLED, ...settings.map((setting) => setting.controller)]);
  for (const [hierarchy, out] of slots) makeCgroup(draft, input, hierarchy, out, wanted);
  for (const setting of settings) {
    const because = input.becauseOf(`/linux/resources${setting.at}`);
    const act = admitsNobody(setting) ? draft.plan.map : draft.plan.host;
    act.push(writeOf(setting, slots.get(setting.home) as Slot, because));
  }
  compileDevices(draft, input, slots);
  compileOwner(draft, input, slots);
  const memory = locate(facts.hierarchies, "memory");
  const unified = unifiedOf(facts.hierarchies);
  const birth = unified === undefined ? undefined : slots.get(unified);
  return {
    slots,
    memory: memory === undefined ? undefined : slots.get(memory),
    birth,
    joinsLater: [...slots.values()].some((slot) => slot !== birth),
  };
}

/**
 * cgroup-v2.rst, "PID": a limit stops forks, and who is born into a cgroup is forked there; who is there already stays.
 * So a limit of none comes after the birth.
 */
const admitsNobody = ({ file, value, home }: Placed<Hierarchy>): boolean =>
  home.version === 2 && file === "pids.max" && value === "0";

function writeOf({ file, value, otherwise, optional }: Setting, cgroup: Slot, because: string): Op {
  if (otherwise === undefined) {
    return { kind: "writeCgroup", cgroup, file, value, optional: optional === true, because };
  }
  const files = [file, otherwise.file];
  const values = [value, otherwise.value];
  return { kind: "writeCgroupFirst", cgroup, files, values, because };
}

/** The hierarchies that a container with these resources joins. */
export function joinedHierarchies(hierarchies: Hierarchies, resources: SpecResources): Hierarchy[] {
  return joined(hierarchies, settingsOf(resources, hierarchies.list));
}

/**
 * Unified always (cgroup.kill, cgroup.freeze and cgroup.events work there), a freezer where it is the only way to
 * freeze, and every hierarchy that a limit is set in.
 */
function joined(hierarchies: Hierarchies, settings: readonly Placed<Hierarchy>[]): Hierarchy[] {
  const asked = new Set(settings.map(({ home }) => home));
  const names = hierarchies.mode === "v1" ? [...ALWAYS, "freezer"] : ALWAYS;
  return hierarchies.list.filter(
    (hierarchy) =>
      hierarchy.version === 2 ||
      asked.has(hierarchy) ||
      names.some((name) => hierarchy.controllers.includes(name)),
  );
}

/** On v2 a folder's children get these controllers, and any that a limit is asked for of. */
const ENABLED = ["cpu", "cpuset", "memory", "pids", "blkio"];

const V2_NAMES: Readonly<Record<string, string>> = { blkio: "io" };

function makeCgroup(
  draft: Draft,
  input: CompileInput,
  hierarchy: Hierarchy,
  out: Slot,
  wanted: ReadonlySet<string>,
): void {
  const names = hierarchy.controllers
    .filter((name) => wanted.has(name))
    .map((name) => `+${V2_NAMES[name] ?? name}`);
  draft.plan.host.push({
    kind: "makeCgroup",
    out,
    hierarchy: hierarchy.mount,
    path: input.cgroupPath,
    ...(hierarchy.version === 2 && names.length > 0 ? { controllers: names.join(" ") } : {}),
    because: input.becauseOf("/linux/cgroupsPath"),
  });
}

/**
 * On v1 a process that moves itself pays nothing, while its parent would wait 5 to 13 ms for a grace period (KERNEL.md):
 * so the child joins first of all. In a user namespace of its own it may not, and the parent does it beside the build.
 */
export function compileJoin(draft: Draft, input: CompileInput, cgroups: JoinedCgroups): void {
  const because = input.becauseOf("/linux/cgroupsPath");
  const slots = [...cgroups.slots.values()].filter((slot) => slot !== cgroups.birth);
  const { map, build } = draft.plan;
  if (hasUserNamespace(input)) {
    map.push(...slots.map((cgroup) => ({ kind: "joinCgroup", cgroup, who: "child", because }) as const));
  } else {
    build.unshift(...slots.map((cgroup) => ({ kind: "joinCgroup", cgroup, who: "self", because }) as const));
  }
  const limits = map.some(({ kind }) => kind === "joinCgroup" || kind === "rlimit");
  if (limits) map.push({ kind: "release", point: POINT.limited, because });
}

/** Whether the parent sets limits that the child has to wait for. */
export const waitsForLimits = ({ plan }: Draft): boolean =>
  plan.map.some((op) => op.kind === "release" && op.point === POINT.limited);
