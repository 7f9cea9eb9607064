import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Core, folderOf } from "./core.ts";

/** Ended execs of a container that can still be asked for; a health check alone makes thousands in a day. */
const KEPT = 100;

/** Forgets the oldest ended execs of a container, their records and exit files, beyond those that are kept. */
export function forgetOldExecs(core: Core, containerId: string): void {
  const ended = [...core.execs.values()].filter(
    ({ record }) => record.containerId === containerId && record.exitCode !== null,
  );
  for (const { record } of ended.slice(0, Math.max(0, ended.length - KEPT))) {
    core.execs.delete(record.id);
    core.records.removeExec(record.id);
    core.background(rm(join(folderOf(core, containerId), "exec", `${record.id}.json`), { force: true }));
  }
}
