import { InroError } from "../../oci/error.ts";
import { type Exit, exitCode } from "../../oci/exit.ts";
import { connectMonitor } from "../../runtime/monitor/monitor.ts";
import type { Container } from "../../runtime/runtime.ts";
import { now } from "../clock.ts";
import { type Core, folderOf, record, socketFolderOf, tell } from "../core.ts";
import type { Entry } from "../entry.ts";
import { atEnd } from "../health/health.ts";
import { unwatch } from "../health/watch.ts";
import { APART } from "../records.ts";
import { type ExitReport, timestamp } from "../state.ts";
import { delayOf, restartLater } from "./again.ts";
import { removeNow } from "./remove.ts";
import { tellEnd } from "./told.ts";

/** What is reported when nobody is left who knows: as docker does, not any program's own code. */
const UNKNOWN_CODE = 255;

export function reportOf(exit: Exit): ExitReport {
  return {
    code: exitCode(exit),
    oomKilled: exit.oomKilled,
    error: "",
    startedAt: timestamp(exit.startedAt),
    finishedAt: timestamp(exit.finishedAt),
    lostBytes: exit.lostBytes,
  };
}

export function unknownEnd(entry: Entry, error: string, finishedAt = timestamp(now())): ExitReport {
  const { startedAt, memoryKills } = entry.fortune;
  return { code: UNKNOWN_CODE, oomKilled: memoryKills > 0, error, startedAt, finishedAt, lostBytes: 0 };
}

/** Handles the end of a running container when it comes, in its turn among the container's other verbs. */
export function onEnd(core: Core, entry: Entry, container: Container): void {
  container.exited
    .then(
      (exit) => ({ report: reportOf(exit), undone: exit.undone }),
      (cause) => {
        if (!(cause instanceof InroError)) core.fault(`reading how ${entry.id} ended`, cause);
        return { report: unknownEnd(entry, "it died with its monitor"), undone: false };
      },
    )
    .then(({ report, undone }) =>
      entry.turn.run(async () => {
        if (entry.live !== container) return;
        entry.live = null;
        container.close();
        await ended(core, entry, report, { undone });
      }),
    )
    .catch((cause) => core.fault(`handling the end of ${entry.id}`, cause));
}

/**
 * Gives back what it held, writes down and tells how it ended, then removes or restarts it as it was asked to.
 * `undone`: its monitor told the end, and so took back what the plan made.
 */
export async function ended(
  core: Core,
  entry: Entry,
  report: ExitReport,
  done: { readonly undone: boolean },
): Promise<void> {
  unwatch(core, entry);
  await giveBack(core, entry, done);
  if (report.oomKilled && entry.fortune.memoryKills === 0) tell(core, entry, "oom");
  tell(core, entry, "die", {
    exitCode: String(report.code),
    execDuration: String(Math.round(runtimeOf(report) / 1000)),
  });
  tellEnd(core, entry);
  if (entry.origin.options.autoRemove && (!entry.restarting || entry.leaving)) {
    entry.fortune = { ...entry.fortune, state: { status: "exited", exit: report }, ...APART };
    entry.announce(["next-exit", "not-running"], report);
    await removeNow(core, entry, { volumes: true, code: report.code });
    return;
  }
  const delay = delayOf(entry, report.code, runtimeOf(report));
  const status = delay === null ? "exited" : "restarting";
  // Not synced: the monitor's exit file is, and is read again where this record was lost with the machine's power.
  const health = atEnd(entry.fortune.health);
  const end = { state: { status, exit: report }, ...APART, starting: false, health } as const;
  try {
    record(core, entry, end);
  } catch (cause) {
    // It has ended, whether or not that can be written down: the next engine reads it from the exit file.
    core.fault(`recording the end of ${entry.id}`, cause);
    entry.fortune = { ...entry.fortune, ...end };
  }
  entry.announce(delay === null ? ["next-exit", "not-running"] : ["next-exit"], report);
  if (delay !== null) restartLater(core, entry, delay);
}

/** Address, ports and the lock on its files; each is tried, and what fails is swept at the next start of the engine. */
async function giveBack(core: Core, entry: Entry, done: { readonly undone: boolean }): Promise<void> {
  const { attachments, shaper } = entry.fortune;
  const folder = folderOf(core, entry.id);
  entry.rootfs = null;
  const results = await Promise.allSettled([
    done.undone ? undefined : core.runtime.undo(folder),
    ...attachments.map((attachment) => core.networks.disconnect(attachment, done)),
    shaper === null ? undefined : core.networks.limits.remove(shaper, done),
    core.images.release(folder),
  ]);
  for (const result of results)
    if (result.status === "rejected") core.fault(`cleaning up after ${entry.id}`, result.reason);
}

/**
 * Kills what an engine before this one left running in a folder, and takes back what its plan made. A monitor without a
 * container's file is met as well as one with it; an executor that is not its monitor yet gives up when it finds nobody to
 * answer to.
 */
export async function endLeft(core: Core, id: string, folder: string): Promise<void> {
  const monitor = await connectMonitor({ folder, socketFolder: socketFolderOf(core, id) });
  if (monitor !== undefined) {
    await monitor.signal(9).catch(() => {});
    await monitor.exited.catch(() => {});
    monitor.close();
  } else await core.runtime.undo(folder).catch((cause) => core.fault(`cleaning up after ${id}`, cause));
}

/** Milliseconds. */
function runtimeOf({ startedAt, finishedAt }: ExitReport): number {
  return Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt));
}
