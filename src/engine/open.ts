import { chmodSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Images } from "../image/images.ts";
import type { Tree } from "../image/tree/tree.ts";
import type { Networks } from "../network/network.ts";
import { InroError } from "../oci/error.ts";
import { openReserve, type Reserve } from "../platform/reserve.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { openVolumes } from "../volume/volumes.ts";
import { check } from "./check.ts";
import { engineContainers } from "./containers.ts";
import type { Core } from "./core.ts";
import type { Engine } from "./engine.ts";
import { engineExecs } from "./execs.ts";
import { unwatch } from "./health/watch.ts";
import { surveyHost } from "./host.ts";
import { engineImages } from "./image-verbs.ts";
import { engineVersion, info } from "./look/info.ts";
import { Mutex } from "./mutex.ts";
import { engineNetworks } from "./networks/networks.ts";
import { newNetworkShelf } from "./networks/shelf.ts";
import { openNews } from "./news.ts";
import { openRecords, type Records } from "./records.ts";
import { recover } from "./recover.ts";
import { Semaphore } from "./semaphore.ts";
import { newShelf } from "./shelf.ts";
import { engineSteps } from "./steps/steps.ts";
import { engineVolumes } from "./volumes/volumes.ts";

/** The rooms that an engine is made of. */
export interface EngineParts {
  /** The data root, absolute. */
  readonly root: string;
  /** For what a reboot may lose. */
  readonly execRoot: string;
  readonly cgroupParent: string;
  readonly cdiFolders: readonly string[];
  readonly records: Records;
  readonly images: Images;
  readonly runtime: Runtime;
  readonly networks: Networks;
  readonly trees: Tree;
  /** Hears what went wrong where no caller waits for it. */
  readonly onFault: (message: string) => void;
}

/**
 * Makes the folders and takes the data root for this process: the first thing to do with it. ENGINE_RUNNING, NO_ROOT.
 */
export function takeRoot(root: string, execRoot: string): { records: Records; reserve: Reserve } {
  if (process.getuid?.() !== 0)
    throw new InroError("NO_ROOT", {
      what: "cannot run the engine",
      why: "it needs root: it makes namespaces, cgroups and network devices",
      hint: "run it with sudo",
    });
  // R26: others of the host may pass through to the socket, where a group is let in, and see nothing. What a container
  // wrote may be setuid, and its id stands in /proc: nobody passes to that, whatever earlier versions made.
  for (const folder of [root, execRoot]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  for (const folder of [join(root, "containers"), join(root, "trash"), join(execRoot, "containers")]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  }
  const reserve = openReserve(join(root, "reserve"));
  return { records: openRecords(join(root, "inro.db"), reserve), reserve };
}

/** So many are under way at once, those left out that have taken longer than so many milliseconds. */
const STARTS = 16;
const PATIENCE = 1000;

/** An engine over its rooms, with every container of its data root found again. */
export async function openEngine(parts: EngineParts): Promise<Engine> {
  const { records, onFault } = parts;
  const underWay = new Set<Promise<unknown>>();
  const fault = (doing: string, cause: unknown) => onFault(`${doing}: ${describe(cause)}`);
  const core: Core = {
    ...parts,
    volumes: openVolumes(join(parts.root, "volumes")),
    news: openNews(records),
    host: surveyHost(),
    shelf: newShelf(),
    networkShelf: newNetworkShelf(),
    execs: new Map(records.execs().map((record) => [record.id, { record, session: null, started: true }])),
    watches: new Map(),
    beingMade: new Map(),
    volumeHolds: new Map(),
    fillTurn: new Mutex(),
    memoryTurn: new Mutex(),
    starts: new Semaphore(STARTS, PATIENCE),
    fault,
    background: (work) => {
      const tracked: Promise<unknown> = work
        .catch((cause) => fault("in the background", cause))
        .finally(() => underWay.delete(tracked));
      underWay.add(tracked);
    },
  };
  await recover(core);
  return {
    storageDriver: core.images.driver,
    containers: engineContainers(core),
    execs: engineExecs(core),
    images: engineImages(core),
    volumes: engineVolumes(core),
    networks: engineNetworks(core),
    steps: engineSteps(core),
    events: core.news,
    info: () => info(core),
    check: ({ repair, report }) => check(core, repair, report),
    version: () => engineVersion(core),
    close: async () => {
      for (const entry of core.shelf.all()) {
        unwatch(core, entry);
        if (entry.restartTimer !== null) clearTimeout(entry.restartTimer);
        entry.live?.close();
        entry.live = null;
      }
      await Promise.all(underWay);
      await parts.networks.close();
      await parts.images.close();
      removeEmptyCgroups(parts.cgroupParent);
      records.close();
    },
  };
}

/** The parent of all containers' cgroups in every hierarchy where it holds none any more. */
function removeEmptyCgroups(parent: string): void {
  const top = "/sys/fs/cgroup";
  for (const mount of [top, ...readdirSync(top).map((name) => join(top, name))])
    try {
      rmdirSync(join(mount, parent));
    } catch {
      // EBUSY: containers run in it. ENOENT, EPERM: this is no hierarchy that holds it.
    }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
