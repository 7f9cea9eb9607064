import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Core, folderOf } from "./core.ts";
import type { ExecRecord } from "./records.ts";

/** Ended execs of a container that can still be asked for. */
const KEPT = 100;

/** Forgets the oldest ended execs of a container, their records and exit files, beyond those that are kept. */
export function forgetOldExecs(core: Core, containerId: string): void {
  const ended = [...core.execs.values()].filter(
    ({ record }) => record.containerId === containerId && record.exitCode !== null,
  );
  for (const { record } of ended.slice(0, Math.max(0, ended.length - KEPT))) forgetExec(core, record);
}

/** One that has ended: its record and its exit file. */
export function forgetExec(core: Core, { id, containerId }: ExecRecord): void {
  core.execs.delete(id);
  core.records.removeExec(id);
  core.background(rm(join(folderOf(core, containerId), "exec", `${id}.json`), { force: true }));
}
