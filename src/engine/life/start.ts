import { rmSync } from "node:fs";
import { join } from "node:path";
import { attachmentRecord } from "../../network/network.ts";
import { InroError, reasonOf } from "../../oci/error.ts";
import { Undo } from "../../oci/undo.ts";
import { diskFull } from "../../platform/disk-full.ts";
import type { Container } from "../../runtime/runtime.ts";
import { requestedEdits } from "../cdi/asked.ts";
import { timeNow } from "../clock.ts";
import { type Core, folderOf, record, tell } from "../core.ts";
import { optionsOf } from "../current.ts";
import { settle } from "../edit/settle.ts";
import type { Entry } from "../entry.ts";
import { healthCheckOf } from "../health/check.ts";
import { atStart } from "../health/health.ts";
import { watch } from "../health/watch.ts";
import { checkLinks, linkEnvironment, linkedTo } from "../links/links.ts";
import { attachAll } from "../networks/attach.ts";
import { endpointsOf, hasOwnNetwork } from "../networks/endpoints.ts";
import { serveNames } from "../networks/names.ts";
import { wantedPorts } from "../networks/ports.ts";
import { APART } from "../records.ts";
import { isLive } from "../state.ts";
import { onEnd } from "./end.ts";
import { journalFields } from "./journal.ts";
import { tellKills } from "./memory.ts";
import { hasMemoryVolume, mountSources } from "./mount-sources.ts";
import { removeNow } from "./remove.ts";
import { createRequest, writeConnectionFiles, writeEtcFiles } from "./request.ts";
import { tellStart } from "./told.ts";

/**
 * Starts a container that does not run; false when it runs already.
 * @param restartCount 0: somebody wants it, and its restart policy begins anew
 */
export async function start(core: Core, entry: Entry, restartCount = 0): Promise<boolean> {
  return entry.turn.run(async () => {
    if (isLive(entry.fortune.state)) return false;
    if (entry.leaving) throw leaving(entry);
    stopWaitingToRestart(entry);
    if (restartCount === 0) entry.restartDelay = 0;
    try {
      if (entry.fortune.restartCount !== restartCount) record(core, entry, { restartCount });
      const { mounts } = entry.origin;
      const now = () => core.starts.run(() => startNow(core, entry));
      await (hasMemoryVolume(core, mounts) ? core.memoryTurn.run(now) : now());
      return true;
    } catch (cause) {
      const what = `cannot start the container "${entry.name}"`;
      const told = diskFull(cause, { what, folder: core.root }) ?? cause;
      await startFailed(core, entry, told);
      throw told;
    }
  });
}

export function stopWaitingToRestart(entry: Entry): void {
  if (entry.restartTimer !== null) clearTimeout(entry.restartTimer);
  entry.restartTimer = null;
}

function leaving(entry: Entry): InroError {
  return new InroError("CONTAINER_LEAVING", {
    what: `cannot start the container "${entry.name}"`,
    why: "it is being removed",
  });
}

/**
 * Everything up to the running program, undone if any of it fails. What a crash half way leaves is known from
 * `starting` and `network`, which are on disk before anything is made (recover.ts).
 */
async function startNow(core: Core, entry: Entry): Promise<void> {
  await using undo = new Undo();
  const container = await toTheGate(core, entry, undo);
  await joinStreams(entry, container);
  await container.start();
  const startedAt = timeNow();
  const health = healthCheckOf(entry.origin.options) === null ? null : atStart(entry.fortune.health);
  const restarted = { startedAt, stoppedByUser: false, starting: false, health };
  const running = {
    ...restarted,
    edit: null,
    memoryKills: 0,
    state: { status: "running", pid: container.pid, startedAt },
  } as const;
  if (entry.successor === null) record(core, entry, running);
  else settle(core, entry, entry.successor, running);
  undo.release();
  entry.live = container;
  // Who attached while the gate was being opened.
  core.background(joinStreams(entry, container));
  core.background(serveNames(core, entry));
  tellStart(core, entry);
  tell(core, entry, "start");
  watch(core, entry);
  onEnd(core, entry, container);
  core.background(tellKills(core, entry, container));
  for (const other of linkedTo(core, entry.id)) writeConnectionFiles(core, other);
}

async function toTheGate(core: Core, entry: Entry, undo: Undo): Promise<Container> {
  const { id, origin } = entry;
  const options = optionsOf(entry);
  const folder = folderOf(core, id);
  // A former run's: not to be taken for this one's.
  rmSync(join(folder, "exit.json"), { force: true });
  const endpoints = endpointsOf(entry);
  const attaching = {
    containerId: id,
    name: entry.name,
    endpoints,
    bandwidth: options.bandwidth,
    ports: wantedPorts(entry),
    ownNetwork: hasOwnNetwork(options),
  };
  const [rootfs, { attachments, shaper, fragments }] = await Promise.all([
    prepareRootfs(core, entry, undo),
    attachAll(core, attaching, undo),
  ]);
  const records = attachments.map(attachmentRecord);
  const { bootId } = core.host;
  record(core, entry, { starting: true, rootfs, attachments: records, shaper, bootId });
  undo.add("note that it does not start", () => record(core, entry, { starting: false, ...APART }));
  writeEtcFiles(core, folder, { id, options, attachments, endpoints });
  checkLinks(core, entry.name, { options, attachments: records, endpoints });
  const env = linkEnvironment(core, entry.name, { options, attachments: records, endpoints });
  const { arguments: words } = origin;
  const mounts = await mountSources(core, folder, options.mounts, origin.mounts);
  const cdi = await requestedEdits(core, options);
  const request = createRequest(core, {
    id,
    folder,
    options: { ...options, env: [...env, ...options.env] },
    arguments: words,
    mounts,
    cdi,
    rootfs,
    fragments,
    journal: journalFields({ id, name: entry.name, imageId: origin.imageId, options }),
  });
  const container = await core.runtime.create(request);
  await core.networks.livePorts.settle(attachments.flatMap(({ ports }) => ports));
  undo.add("end what stands at the start gate", async () => {
    await container.signal(9).catch(() => {});
    await container.exited.catch(() => {});
    container.close();
  });
  return container;
}

async function prepareRootfs(core: Core, entry: Entry, undo: Undo) {
  if (entry.rootfs === null) {
    const image = core.images.resolve(entry.origin.imageId);
    entry.rootfs = await core.images.prepare(folderOf(core, entry.id), image);
  }
  undo.add("release the container's files", async () => {
    entry.rootfs = null;
    await core.images.release(folderOf(core, entry.id));
  });
  return entry.rootfs;
}

/** Clients that attached before the start get everything from the program's first byte on. */
async function joinStreams(entry: Entry, container: Container): Promise<void> {
  await Promise.all(
    [...entry.joining].map(async (stream) => {
      entry.joining.delete(stream);
      try {
        stream.join(await container.attach({ ...stream.wanted, logs: false }));
      } catch (cause) {
        stream.leave();
        throw cause;
      }
    }),
  );
}

/** 126 and 127 as a shell says them; 128 for what is not the program's fault. */
const FAILURE_CODES: Readonly<Record<string, number>> = {
  COMMAND_NOT_FOUND: 127,
  COMMAND_NOT_EXECUTABLE: 126,
};

async function startFailed(core: Core, entry: Entry, cause: unknown): Promise<void> {
  const message = reasonOf(cause);
  const code = (cause instanceof InroError ? FAILURE_CODES[cause.code] : undefined) ?? 128;
  for (const stream of entry.joining) stream.leave();
  entry.joining.clear();
  const { state } = entry.fortune;
  const told =
    state.status === "exited" || state.status === "restarting"
      ? { status: "exited" as const, exit: { ...state.exit, code, error: message } }
      : { status: "created" as const, failure: { code, message } };
  record(core, entry, { state: told, starting: false, ...APART });
  if (entry.origin.options.autoRemove && !entry.restarting)
    await removeNow(core, entry, { volumes: true, code });
}
