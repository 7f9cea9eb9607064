import { randomBytes } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { InroError } from "../../oci/error.ts";
import { type Core, folderOf, socketFolderOf, tell } from "../core.ts";
import type { Entry } from "../entry.ts";
import { type ExitReport, isLive, NEVER } from "../state.ts";
import { usersOf } from "../volumes/find.ts";
import { stopWaitingToRestart } from "./start.ts";
import { killAndWait } from "./stop.ts";

/** CONTAINER_RUNNING without `force`. */
export async function remove(
  core: Core,
  entry: Entry,
  o: { readonly force: boolean; readonly volumes: boolean },
): Promise<void> {
  for (;;) {
    if (entry.live !== null) {
      if (!o.force) throw running(entry);
      const gone = entry.origin.options.autoRemove ? entry.waitFor("removed") : undefined;
      entry.leaving = true;
      await killAndWait(core, entry);
      if (gone !== undefined) return void (await gone);
    }
    const done = await entry.turn.run(async () => {
      if (entry.live !== null) return false;
      if (core.shelf.has(entry)) await removeNow(core, entry, { volumes: o.volumes, code: 0 });
      return true;
    });
    if (done) return;
  }
}

function running(entry: Entry): InroError {
  return new InroError("CONTAINER_RUNNING", {
    what: `cannot remove the container "${entry.name}"`,
    why: `it is ${isLive(entry.fortune.state) ? entry.fortune.state.status : "starting"}`,
    hint: "stop it first, or remove it with -f",
  });
}

/**
 * Removes what does not run, in the container's own turn. The record goes first: a folder without a record is swept at
 * the next start of the engine. The files go in the background, from a place where no new container looks.
 */
export async function removeNow(
  core: Core,
  entry: Entry,
  o: { readonly volumes: boolean; readonly code: number },
): Promise<void> {
  entry.leaving = true;
  stopWaitingToRestart(entry);
  if (entry.rootfs !== null) await core.images.release(folderOf(core, entry.id));
  entry.rootfs = null;
  // It stands where other engines may have theirs, so that nothing sweeps it: it goes while the record is there.
  rmSync(socketFolderOf(core, entry.id), { recursive: true, force: true });
  const volumes = o.volumes ? anonymousVolumes(core, entry) : [];
  core.records.removeContainer(entry.id, volumes);
  core.shelf.remove(entry);
  for (const [id, exec] of core.execs) if (exec.record.containerId === entry.id) core.execs.delete(id);
  discard(core, folderOf(core, entry.id));
  for (const name of volumes) discardVolume(core, name);
  tell(core, entry, "destroy");
  for (const stream of entry.joining) stream.leave();
  const { state } = entry.fortune;
  const last = state.status === "exited" ? state.exit : neverRan(o.code);
  entry.announce(["removed", "next-exit", "not-running"], last);
}

/** How a container that never ran is told to those who waited for its end. */
export function neverRan(code: number): ExitReport {
  return { code, oomKilled: false, error: "", startedAt: NEVER, finishedAt: NEVER, lostBytes: 0 };
}

/** Moves a folder out of the way at once and removes it when there is time. */
export function discard(core: Core, folder: string): void {
  const trash = join(core.root, "trash", randomBytes(8).toString("hex"));
  try {
    renameSync(folder, trash);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cause;
  }
  core.background(core.trees.remove(trash));
}

/** Those that another container uses as well stay. */
const anonymousVolumes = (core: Core, entry: Entry): readonly string[] =>
  entry.origin.mounts.flatMap(({ anonymous, name }) => {
    if (!anonymous || name === null || core.volumeHolds.has(name)) return [];
    return usersOf(core, name).every((user) => user === entry) ? [name] : [];
  });

/** A volume with its files. The record goes first: a folder without one is swept. */
export function takeAway(core: Core, name: string): void {
  core.records.removeVolume(name);
  discardVolume(core, name);
}

function discardVolume(core: Core, name: string): void {
  discard(core, core.volumes.folderOf(name));
  core.news.tell({ type: "volume", action: "destroy", id: name, attributes: { driver: "local" } });
}
