import { readFileSync } from "node:fs";
import type { SpecResources } from "../../oci/runtime-spec.ts";
import { deviceList, deviceTransition, listedDevices } from "./device-list.ts";
import { deviceProgram } from "./device-program.ts";
import { deviceRules } from "./device-rules.ts";
import type { CgroupSet } from "./set.ts";
import { invalid } from "./setting.ts";
import { settingsOf } from "./settings.ts";
import { number } from "./stats/files.ts";
import { restore, writeAll, writeOne } from "./write.ts";

/** A cgroup on v2 and the eBPF program that is to filter its devices from now on. */
export type ReplaceFilter = (path: string, program: Uint8Array) => void | Promise<void>;

/**
 * Gives a living container other limits: `resources` (linux.resources) holds what changes, and nothing else; an absent
 * `devices` leaves the rules as they are, a present one replaces all of them. All or nothing: when the kernel refuses
 * one of the values, those that were changed before get their old ones back, and CGROUP_LIMIT_REFUSED names the one
 * that was refused. The device filter, which is never refused for what the container does, comes last.
 */
export async function updateCgroups(
  set: CgroupSet,
  resources: SpecResources,
  replaceFilter: ReplaceFilter,
): Promise<void> {
  const complete = withCurrentLimit(set, resources);
  const writes = settingsOf(complete, set);
  checkUsage(set, resources);
  const undo: (() => void)[] = [];
  try {
    writeAll(writes, undo);
    await updateDevices(set, resources, replaceFilter);
  } catch (cause) {
    for (const restore of undo.reverse()) restore();
    throw cause;
  }
}

/** v2 counts swap apart: a new limit for both together needs the limit of the memory, given anew or standing. */
function withCurrentLimit(set: CgroupSet, resources: SpecResources): SpecResources {
  const { memory } = resources;
  const folder = set.find(({ version, controllers }) => version === 2 && controllers.includes("memory"));
  if (folder === undefined || memory?.swap === undefined || memory.limit !== undefined) return resources;
  const limit = number(folder, "memory.max");
  return limit === null ? resources : { ...resources, memory: { ...memory, limit } };
}

/** config-linux.md, `checkBeforeUpdate`: a limit below what is in use is refused, as v1's kernel does by itself. */
function checkUsage(set: CgroupSet, { memory = {} }: SpecResources): void {
  const folder = set.find(({ version, controllers }) => version === 2 && controllers.includes("memory"));
  if (memory.checkBeforeUpdate !== true || folder === undefined) return;
  const usage = number(folder, "memory.current") ?? 0;
  for (const [name, limit] of [["limit", memory.limit] as const, ["swap", memory.swap] as const]) {
    if (limit === undefined || limit <= 0 || limit > usage) continue;
    throw invalid(
      `/memory/${name}`,
      `cannot limit the memory to ${limit} bytes`,
      `${usage} bytes are in use`,
    );
  }
}

async function updateDevices(
  set: CgroupSet,
  { devices }: SpecResources,
  replaceFilter: ReplaceFilter,
): Promise<void> {
  if (devices === undefined) return;
  const rules = deviceRules(devices);
  const v1 = set.find(({ controllers }) => controllers.includes("devices"));
  const unified = set.find(({ version }) => version === 2);
  if (v1 === undefined && unified !== undefined) return replaceFilter(unified.path, deviceProgram(rules));
  if (v1 === undefined) return;
  const listed = (): string => readFileSync(`${v1.path}/devices.list`, "utf8");
  const before = listed();
  try {
    for (const line of deviceTransition(before, deviceList(rules))) writeOne({ home: v1, ...line });
  } catch (cause) {
    const back = deviceTransition(listed(), listedDevices(before));
    for (const { file, value } of back) restore(`${v1.path}/${file}`, value);
    throw cause;
  }
}
