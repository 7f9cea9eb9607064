import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AttachmentRecord, Standing } from "../network/network.ts";
import { parseExit } from "../oci/exit.ts";
import type { Container } from "../runtime/runtime.ts";
import { type Core, folderOf, record, socketFolderOf } from "./core.ts";
import { restartPolicyOf } from "./current.ts";
import { backToBefore } from "./edit/live.ts";
import { forgetExec } from "./ended-execs.ts";
import { Entry } from "./entry.ts";
import { watch } from "./health/watch.ts";
import { startAgain } from "./life/again.ts";
import { ended, endLeft, onEnd, reportOf, unknownEnd } from "./life/end.ts";
import { tellKills } from "./life/memory.ts";
import { discard, removeNow } from "./life/remove.ts";
import { writeConnectionFiles } from "./life/request.ts";
import { restart } from "./life/restart.ts";
import { limitAsRecorded } from "./life/update.ts";
import { limitNow } from "./networks/bandwidth.ts";
import { leadAgain } from "./networks/join.ts";
import { serveNames } from "./networks/names.ts";
import { APART, type BeforeEdit } from "./records.ts";
import { type ExitReport, isLive, type Timestamp, timestamp } from "./state.ts";
import { sweepSteps } from "./steps/steps.ts";
import { takeBackFilling } from "./volumes/fill.ts";
import { completeRename } from "./volumes/rename.ts";

/**
 * Makes what is recorded and what is true agree, after an engine that ended in whatever way: nothing is believed that
 * can be looked at. Returns when every container is either held again or reported as ended.
 */
export async function recover(core: Core): Promise<void> {
  for (const saved of core.records.containers()) core.shelf.put(takeBack(new Entry(saved)));
  for (const network of core.records.networks()) {
    core.networkShelf.put(network);
    if (network.settled !== null) core.networks.know(network.settled);
  }
  await sweep(core);
  await sweepSteps(core);
  const entries = [...core.shelf.all()];
  const held = await Promise.all(entries.map((entry) => reconnect(core, entry)));
  // Addresses and ports of those that run are taken before any new one is given.
  for (const entry of entries)
    if (entry.live !== null)
      for (const attachment of entry.fortune.attachments) core.networks.adopt(attachment);
  const standing = entries.flatMap(({ live, fortune: { attachments } }) =>
    live === null ? [] : { pid: live.pid, attachments },
  );
  await core.networks.sweep(standing).catch((cause) => core.fault("sweeping networks", cause));
  await restoreNetworks(core, standing);
  for (const entry of entries) await restoreLeads(core, entry);
  await restoreLimits(core, entries);
  for (const [index, entry] of entries.entries()) await settle(core, entry, held[index]);
  for (const volume of core.records.volumes()) takeBackFilling(core, volume);
  for (const entry of entries)
    if (entry.fortune.edit === null) restartAsAsked(core, entry);
    else core.background(goOnAsBefore(core, entry, entry.fortune.edit));
}

/** An edit that did not end is taken back before anything is made of the record: ports and limits are what they were. */
function takeBack(entry: Entry): Entry {
  const { edit, attachments: now } = entry.fortune;
  if (edit === null) return entry;
  const { bandwidth, resources, restart, ports } = edit;
  const attachments = now.map((one) => edit.attachments.find(({ id }) => id === one.id) ?? one);
  // Where it runs on it still is where the record says, and is moved back when that can be done.
  const endpoints = edit.restarts ? edit.endpoints : entry.fortune.endpoints;
  entry.fortune = { ...entry.fortune, bandwidth, resources, restart, ports, endpoints, attachments };
  // One with --rm stays meanwhile.
  entry.restarting = true;
  return entry;
}

/** What was stopped to become something else is started as what it was. */
async function goOnAsBefore(core: Core, entry: Entry, before: BeforeEdit): Promise<void> {
  const { restarts, endpoints } = before;
  const isStopping = entry.live === null || entry.fortune.stoppedByUser;
  if (restarts && isStopping && !entry.leaving)
    await restart(core, entry, { signal: null, timeout: null }).catch((cause) =>
      core.fault(`starting ${entry.id} as it was before it was edited`, cause),
    );
  else if (entry.live !== null)
    await backToBefore(core, entry, before).catch((cause) =>
      core.fault(`making ${entry.id} again what it was before it was edited`, cause),
    );
  entry.restarting = false;
  if (core.shelf.has(entry) && entry.fortune.edit !== null)
    record(core, entry, { edit: null, endpoints }, "machine");
  if (!restarts) restartAsAsked(core, entry);
}

/**
 * What a reboot, an administrator or the engine's own end took away; and what an engine that ended while it opened or
 * closed ports left half done, since our table is made anew with the ports that are recorded.
 */
async function restoreNetworks(core: Core, standing: readonly Standing[]): Promise<void> {
  const isApart = ({ network }: AttachmentRecord) => network === "host" || network === "none";
  // Also for who is not in it any more: an interface of its may have been left there.
  if (standing.some(({ attachments }) => !attachments.some(isApart)))
    await core.networks
      .ensureDefault()
      .catch((cause) => core.fault("making the network bridge again", cause));
  for (const { name, settled } of core.networkShelf.made())
    if (settled !== null)
      await core.networks
        .make(settled)
        .catch((cause) => core.fault(`making the network ${name} again`, cause));
}

/** An engine that ended while a container left a network took its default routes and ports, and led them nowhere. */
async function restoreLeads(core: Core, entry: Entry): Promise<void> {
  if (entry.live === null) return;
  try {
    if (await leadAgain(core, entry, entry.live.pid)) writeConnectionFiles(core, entry);
  } catch (cause) {
    core.fault(`leading ${entry.name} out again`, cause);
  }
}

/** An engine that ended while it changed them has said what it wanted. */
async function restoreLimits(core: Core, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) {
    const { live, fortune } = entry;
    if (live === null) continue;
    const fault = (cause: unknown) => core.fault(`limiting ${entry.name} again`, cause);
    const changed = fortune.resources !== null || fortune.edit !== null;
    await (changed ? limitAsRecorded(core, entry) : limitNow(core, entry)).catch(fault);
  }
  await core.networks.limits.sweep(entries.flatMap(({ fortune }) => fortune.shaper ?? []));
}

async function leaveAll(core: Core, entry: Entry): Promise<void> {
  const { attachments, shaper } = entry.fortune;
  for (const attachment of attachments) await core.networks.disconnect(attachment);
  if (shaper !== null) await core.networks.limits.remove(shaper);
}

/** What a crash left half made has a folder and no record, or the reverse. */
async function sweep(core: Core): Promise<void> {
  // A row that cannot be read is not the same as none: what it was about stays.
  const damaged = core.records.damaged();
  for (const { table, key, why } of damaged) core.fault(`reading the record of ${key} in ${table}`, why);
  const kept = (table: string) => damaged.filter((row) => row.table === table).map(({ key }) => key);
  const known = new Set([...[...core.shelf.all()].map((entry) => entry.id), ...kept("containers")]);
  core.background(emptyTrash(core));
  for (const id of await readdir(join(core.root, "containers")))
    if (!known.has(id)) discard(core, folderOf(core, id));
  const volumes = core.records.volumes();
  for (const volume of volumes) completeRename(core, volume);
  for (const folder of core.volumes.strangers(
    new Set([...volumes.map(({ name }) => name), ...kept("volumes")]),
  ))
    discard(core, folder);
}

async function emptyTrash(core: Core): Promise<void> {
  const trash = join(core.root, "trash");
  for (const name of await readdir(trash)) await core.trees.remove(join(trash, name));
}

/** The monitor of a container that was running, if there is one; what nobody runs in is unlocked. */
async function reconnect(core: Core, entry: Entry): Promise<Container | undefined> {
  const { state, starting, bootId, rootfs } = entry.fortune;
  const folder = folderOf(core, entry.id);
  if (!isLive(state) && !starting) await core.images.release(folder);
  if (!isLive(state) || starting || bootId !== core.host.bootId) return undefined;
  const container = await core.runtime.reconnect(entry.id, folder, socketFolderOf(core, entry.id));
  if (container === undefined) return undefined;
  entry.live = container;
  entry.rootfs = rootfs;
  return container;
}

async function settle(core: Core, entry: Entry, container: Container | undefined): Promise<void> {
  const { state, starting, attachments, shaper } = entry.fortune;
  endProbes(core, entry, container);
  if (starting) {
    await abandon(core, entry);
  } else if (container !== undefined) {
    onEnd(core, entry, container);
    core.background(tellKills(core, entry, container));
    watch(core, entry);
    core.background(serveNames(core, entry));
    // Nobody paused it: what froze it (a commit) died with the engine before.
    if (state.status === "running")
      await container.resume().catch((cause) => core.fault(`continuing ${entry.id}`, cause));
  } else if (isLive(state)) {
    await ended(core, entry, await reportFromDisk(core, entry), { undone: false });
  } else if (attachments.length > 0 || shaper !== null) {
    await leaveAll(core, entry);
    record(core, entry, APART);
  }
}

/** Nobody waits for what a former engine asked. Where it stands still, it ends only when it is let go on. */
function endProbes(core: Core, entry: Entry, container: Container | undefined): void {
  for (const { record } of core.execs.values()) {
    if (!record.isProbe || record.containerId !== entry.id) continue;
    const forget = () => forgetExec(core, record);
    if (container === undefined) forget();
    else
      container.endExec(record.id).then(forget, (cause) => {
        // Any other: the container ends, or this engine does before the probe has.
        if (["NOT_RUNNING", "NO_SUCH_SESSION"].includes(cause?.code)) forget();
      });
  }
}

/** Its start was never answered: nobody was told that it runs, so it does not. */
async function abandon(core: Core, entry: Entry): Promise<void> {
  const folder = folderOf(core, entry.id);
  await endLeft(core, entry.id, folder);
  await leaveAll(core, entry);
  await core.images.release(folder);
  record(core, entry, { starting: false, ...APART });
  if (entry.origin.options.autoRemove && !entry.restarting)
    await removeNow(core, entry, { volumes: true, code: 128 });
}

/**
 * An end that nobody saw: the monitor wrote it down (a start removes what a former run left), or it was ended with its
 * monitor, or with the machine.
 */
async function reportFromDisk(core: Core, entry: Entry): Promise<ExitReport> {
  const path = join(folderOf(core, entry.id), "exit.json");
  try {
    return reportOf(parseExit(await readFile(path, "utf8"), path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") core.fault(`reading ${path}`, cause);
    if (entry.fortune.bootId === core.host.bootId) return unknownEnd(entry, "it died with its monitor");
    const ended = bootTime();
    const known = Date.parse(ended) > Date.parse(entry.fortune.startedAt) ? ended : undefined;
    return unknownEnd(entry, "the machine was restarted", known);
  }
}

/** When this machine began to run: what ran on it before has ended by then (proc_stat(5), btime). */
function bootTime(): Timestamp {
  const seconds = /^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? "0";
  return timestamp(BigInt(seconds) * 1_000_000_000n);
}

/**
 * What the engine's own end or a reboot interrupted: `always` starts in any case, `unless-stopped` unless a user stopped
 * it. What never ran does not begin to.
 */
function restartAsAsked(core: Core, entry: Entry): void {
  const { name } = restartPolicyOf(entry);
  const { state, stoppedByUser, restartCount } = entry.fortune;
  if (entry.live !== null || entry.leaving || state.status === "created") return;
  const interrupted = state.status === "restarting";
  const wanted = name === "always" || (name === "unless-stopped" && !stoppedByUser);
  if (!wanted && !interrupted) return;
  if (entry.restartTimer !== null) return;
  startAgain(core, entry, interrupted ? restartCount + 1 : 0);
}
