import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { CgroupSet } from "../kernel/cgroup/set.ts";
import { opsFromJson, opsToJson, type PlanJson, planFromJson, planToJson } from "../kernel/plan/json.ts";
import type { Op } from "../kernel/plan/operations.ts";
import type { Plan } from "../kernel/plan/plan.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import { InroError } from "../oci/error.ts";
import { exactJson, parseExactJson } from "../oci/json.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";

/** What is kept of a container in its folder, so that another process can go on with it. */
export interface Kept {
  readonly pid: number;
  readonly spec: RuntimeSpec;
  readonly cgroupPath: string;
  readonly cgroups: CgroupSet;
  /** Null where another version of this program wrote it, with operations that this one does not know. */
  readonly plan: Plan | null;
  readonly records: readonly OpRecord[];
}

const undoIn = (folder: string): string => `${folder}/undo.json`;

/** What takes the container back; there before anything is made, so that no death of ours leaves what nobody knows of. */
export function writeUndo(folder: string, undo: readonly Op[]): void {
  writeFileSync(undoIn(folder), JSON.stringify(opsToJson(undo)), { mode: 0o600 });
}

/**
 * Nothing when there never was a plan, or its file was not written whole: then nothing was made either. Of another
 * version's what is known here.
 */
export function readUndo(folder: string): readonly Op[] {
  try {
    const list = JSON.parse(readFileSync(undoIn(folder), "utf8")) as PlanJson[string];
    return list.flatMap((op) => unlessUnknown(() => opsFromJson([op])) ?? []);
  } catch {
    return [];
  }
}

function unlessUnknown<T>(read: () => T): T | null {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof InroError && cause.code === "PLAN_INVALID") return null;
    throw cause;
  }
}

/** More that has to be taken back of a container that runs. */
export function addUndo(folder: string, undo: readonly Op[]): void {
  const whole = `${undoIn(folder)}.new`;
  const ops = opsToJson([...undo, ...readUndo(folder)]);
  writeFileSync(whole, JSON.stringify(ops), { mode: 0o600 });
  renameSync(whole, undoIn(folder));
}

const fileIn = (folder: string): string => `${folder}/plan.json`;

export function writeKept(folder: string, kept: Kept & { readonly plan: Plan }): void {
  const records = kept.records.map(({ data: _, ...record }) => record);
  const plain = { ...kept, plan: planToJson(kept.plan), records };
  writeFileSync(fileIn(folder), exactJson(plain), { mode: 0o600 });
}

/**
 * What is kept of a container for those that ask seldom: from memory while nobody wants the room for something else,
 * then from the container's folder. A plan with its records and its specification are 200 KB of a daemon's memory.
 */
export function recalled(folder: string, kept: Kept): () => Kept {
  let held = new WeakRef(kept);
  return () => {
    const known = held.deref() ?? readKept(folder);
    if (known === undefined) throw new Error(`there is no plan in ${folder} any more`);
    held = new WeakRef(known);
    return known;
  };
}

/** Undefined when the container never came to its gate, or its file was not written whole. */
export function readKept(folder: string): Kept | undefined {
  try {
    const kept = parseExactJson(readFileSync(fileIn(folder), "utf8")) as Kept;
    return { ...kept, plan: unlessUnknown(() => planFromJson(kept.plan)) };
  } catch {
    return undefined;
  }
}
