import { type Core, tell } from "./core.ts";
import { create } from "./create/create.ts";
import { edit } from "./edit/edit.ts";
import type { Containers } from "./engine.ts";
import type { Entry } from "./entry.ts";
import { explainContainer, explainOptions } from "./explain.ts";
import { archives, releasing } from "./files/archive.ts";
import { changesOf } from "./files/changes.ts";
import { commit } from "./files/commit.ts";
import { openFiles } from "./files/files.ts";
import { writtenSize } from "./files/size.ts";
import { pause, unpause } from "./life/pause.ts";
import { remove } from "./life/remove.ts";
import { rename } from "./life/rename.ts";
import { restart } from "./life/restart.ts";
import { start } from "./life/start.ts";
import { kill, notRunning, stop } from "./life/stop.ts";
import { update } from "./life/update.ts";
import { wait } from "./life/wait.ts";
import { details } from "./look/details.ts";
import { list } from "./look/list.ts";
import { stats } from "./look/stats.ts";
import { top } from "./look/top.ts";
import { publish, withdraw } from "./networks/ports.ts";
import { pruneFilter } from "./prune-filter.ts";
import { isLive } from "./state.ts";
import { attach } from "./streams/attach.ts";
import { clearLog, logs } from "./streams/logs.ts";

/** Every verb by its name; what each does is in the file of that name. */
export function engineContainers(core: Core): Containers {
  const find = (container: string) => core.shelf.find(container);
  return {
    create: (options, name, platform) => create(core, options, name, platform),
    get: (container) => details(core, find(container)),
    list: (query) => list(core, query),
    size: async (container) => size(core, find(container)),
    start: async (container) => start(core, find(container)),
    stop: async (container, o) => stop(core, find(container), o),
    kill: async (container, signal) => kill(core, find(container), signal),
    restart: async (container, o) => restart(core, find(container), o),
    pause: async (container) => pause(core, find(container)),
    unpause: async (container) => unpause(core, find(container)),
    update: async (container, change) => update(core, find(container), change),
    edit: async (container, change, { dryRun }) => edit(core, find(container), change, dryRun),
    publish: async (container, ports) => publish(core, find(container), ports),
    withdraw: async (container, ports) => withdraw(core, find(container), ports),
    rename: async (container, name) => rename(core, find(container), name),
    remove: async (container, o) => remove(core, find(container), o),
    wait: (container, condition, signal) => ({ ended: wait(find(container), condition, signal) }),
    attach: async (container, o) => attach(core, find(container), o),
    logs: (container, query, form) => logs(core, find(container), query, form),
    clearLog: async (container) => clearLog(core, find(container)),
    resize: async (container, windowSize) => {
      const entry = find(container);
      if (entry.live === null) throw notRunning(entry, "resize");
      await entry.live.resize(windowSize);
      tell(core, entry, "resize", { height: String(windowSize.rows), width: String(windowSize.columns) });
    },
    detached: (container) => {
      for (const entry of core.shelf.all()) if (entry.id === container) tell(core, entry, "detach");
    },
    top: async (container, psArguments) => {
      const entry = find(container);
      const table = await top(entry, psArguments);
      tell(core, entry, "top");
      return table;
    },
    stats: async (container) => stats(find(container), core.host),
    archive: archives(core),
    changes: async (container) => {
      await using files = await openFiles(core, find(container));
      return await changesOf(core, files.rootfs);
    },
    commit: async (container, o) => commit(core, find(container), o),
    export: async (container) => {
      const entry = find(container);
      const files = await openFiles(core, entry);
      tell(core, entry, "export");
      return releasing(core.trees.read(files.root, "/", { name: "", oneMount: true }), files);
    },
    prune: (o) => prune(core, o),
    explain: (options, platform) => explainOptions(core, options, platform),
    explainContainer: async (container) => explainContainer(core, find(container)),
  };
}

async function size(core: Core, entry: Entry) {
  await using files = await openFiles(core, entry);
  const image = core.images.resolve(entry.origin.imageId);
  const writable = await writtenSize(core, files.rootfs);
  return { writable, root: image.size + writable };
}

async function prune(core: Core, { filters, dryRun }: Parameters<Containers["prune"]>[0]) {
  const mayGo = pruneFilter(filters);
  const candidates = [...core.shelf.all()].filter(
    ({ fortune, live, origin: { options, created } }) =>
      !isLive(fortune.state) && live === null && mayGo({ labels: options.labels, created }),
  );
  const removed: string[] = [];
  let reclaimed = 0;
  for (const entry of candidates) {
    reclaimed += (await size(core, entry).catch(() => ({ writable: 0 }))).writable;
    if (!dryRun) await remove(core, entry, { force: false, volumes: false });
    removed.push(entry.id);
  }
  if (!dryRun) core.news.tellPruned("container", reclaimed);
  return { removed, reclaimed };
}
