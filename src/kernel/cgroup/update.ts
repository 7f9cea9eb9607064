import { readFileSync, writeFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import type { SpecResources } from "../../oci/runtime-spec.ts";
import { errnoText } from "../errno.ts";
import { deviceList, deviceTransition } from "./device-list.ts";
import { deviceProgram } from "./device-program.ts";
import { deviceRules } from "./device-rules.ts";
import type { CgroupFolder, CgroupSet } from "./set.ts";
import type { FileValue } from "./setting.ts";
import { invalid } from "./setting.ts";
import { type Placed, settingsOf } from "./settings.ts";
import { number } from "./stats/files.ts";

/** A cgroup on v2 and the eBPF program that is to filter its devices from now on. */
export type ReplaceFilter = (path: string, program: Uint8Array) => void | Promise<void>;

/** What is to be written where. */
type Write = Pick<Placed<CgroupFolder>, "file" | "value" | "otherwise" | "optional" | "at" | "home">;

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

/**
 * Some values bound each other: memory and memory with swap, quota and burst, weight and idle. Which of two goes first
 * depends on whether they rise or fall; so what is refused is tried again after the others, as long as that helps.
 */
function writeAll(writes: readonly Write[], undo: (() => void)[]): void {
  let waiting = writes;
  while (waiting.length > 0) {
    const refused = waiting.flatMap((write) => {
      const cause = tryWrite(write, undo);
      return cause === undefined ? [] : [{ write, cause }];
    });
    const [first] = refused;
    if (first !== undefined && refused.length === waiting.length) throw refusal(first.write, first.cause);
    waiting = refused.map(({ write }) => write);
  }
}

type Refusal = NodeJS.ErrnoException;

function tryWrite(
  { home, file, value, otherwise, optional }: Write,
  undo: (() => void)[],
): Refusal | undefined {
  let refused: Refusal | undefined;
  for (const one of otherwise === undefined ? [{ file, value }] : [{ file, value }, otherwise]) {
    try {
      const before = oldValue(home, one);
      writeExisting(`${home.path}/${one.file}`, one.value);
      if (before !== undefined) undo.push(() => restore(`${home.path}/${one.file}`, before));
      return undefined;
    } catch (cause) {
      refused = cause as Refusal;
      if (refused.code !== "ENOENT") break;
    }
  }
  return optional === true ? undefined : refused;
}

/** cgroupfs lets nobody make a file, and says so with EACCES: without O_CREAT a missing one is ENOENT. */
const writeExisting = (path: string, value: string): void => writeFileSync(path, value, { flag: "r+" });

function restore(path: string, value: string): void {
  try {
    writeExisting(path, value);
  } catch {
    // What was there before is the best that can be had back, and its refusal hides the one that is told.
  }
}

/** What brings the present value back. Of a file with a line for each device, the line of that device. */
function oldValue({ path }: CgroupFolder, { file, value }: FileValue): string | undefined {
  const content = readable(`${path}/${file}`)?.trim();
  if (content === undefined) return undefined;
  if (file === "memory.oom_control") return /oom_kill_disable (\d)/.exec(content)?.[1];
  const [key = ""] = value.split(" ");
  const ofDevice = /^\d+:\d+$/.test(key);
  if (!ofDevice && !content.includes("\n")) return content;
  const line = content.split("\n").find((row) => row.startsWith(`${key} `));
  return line ?? (ofDevice ? `${key} ${absent(file)}` : undefined);
}

/** Undefined for a file that can only be written. */
function readable(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as Refusal).code === "ENOENT") throw cause;
    return undefined;
  }
}

/** How a file is told that a device has no line of its own. */
function absent(file: string): string {
  if (file === "io.max") return "rbps=max wbps=max riops=max wiops=max";
  return file.startsWith("blkio.throttle.") ? "0" : "default";
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
  const lines = deviceTransition(readFileSync(`${v1.path}/devices.list`, "utf8"), deviceList(rules));
  for (const { file, value, at } of lines) {
    try {
      writeExisting(`${v1.path}/${file}`, value);
    } catch (cause) {
      throw refusal({ home: v1, file, value, at }, cause as Refusal);
    }
  }
}

function refusal({ home, file, value, at }: Write, cause: Refusal): InroError {
  return new InroError("CGROUP_LIMIT_REFUSED", {
    what: `cannot set ${file} to "${value}"`,
    why: `${errnoText(Math.abs(cause.errno ?? 0))} in ${home.path}`,
    at: at.startsWith("/linux") || at === "default" ? at : `/linux/resources${at}`,
    cause,
  });
}
