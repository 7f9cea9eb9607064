/** The whole data root against its records: what the image store checks, and what the engine knows of containers. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Finding, Report } from "../image/images.ts";
import { connectMonitor } from "../runtime/monitor/monitor.ts";
import { timeNow } from "./clock.ts";
import { type Core, folderOf, imageUsers, socketFolderOf } from "./core.ts";
import type { EngineChecked } from "./engine.ts";
import type { DamagedRow } from "./records.ts";

/** Where what a damaged record was about is put, so that nothing of it is lost. */
const SALVAGED = "salvaged";

export async function check(core: Core, repair: boolean, report: Report): Promise<EngineChecked> {
  for (const fault of core.records.faults())
    report({
      kind: "records-damaged",
      what: `records ${join(core.root, "inro.db")}`,
      why: fault,
      todo: "save what you need (`inro export`, `inro commit`), and restore the file from a backup while no engine runs",
      done: null,
    });
  for (const row of core.records.damaged()) report(await checkRow(core, row, repair));
  const needed = new Set(imageUsers(core).map(({ imageId }) => imageId));
  const checked = await core.images.check({ repair, needed, report });
  for (const finding of containerFindings(core, checked.known)) report(finding);
  return { ...checked, containers: [...core.shelf.all()].length };
}

function* containerFindings(core: Core, known: ReadonlySet<string>): Generator<Finding> {
  for (const { id, name, origin } of core.shelf.all()) {
    const { imageId, options } = origin;
    if (!known.has(imageId))
      yield {
        kind: "container-image-missing",
        what: `container ${name}`,
        why: `its image ${options.image} (${imageId.slice(7, 19)}) is not here, so it cannot be started`,
        todo: `pull or load ${options.image} again, or remove the container`,
        done: null,
      };
    const folder = folderOf(core, id);
    if (!existsSync(folder))
      yield {
        kind: "container-files-missing",
        what: `container ${name}`,
        why: `its folder ${folder} is gone, and with it what it wrote`,
        todo: `remove it: inro rm -f ${name}`,
        done: null,
      };
  }
}

const nouns = { containers: "container", execs: "exec", volumes: "volume", networks: "network" } as const;

async function checkRow(core: Core, row: DamagedRow, repair: boolean): Promise<Finding> {
  return {
    kind: "record-damaged",
    what: `record of ${nouns[row.table]} ${row.key}`,
    why: row.why,
    todo: todos[row.table],
    done: repair ? await mends[row.table](core, row) : null,
  };
}

const todos: { readonly [table in DamagedRow["table"]]: string } = {
  containers: `with --repair its files go to ${SALVAGED}/ in the data root, unless it still runs, and its record away`,
  execs: "with --repair it is forgotten",
  networks: "with --repair it is forgotten; make it anew, its containers find it by its name",
  volumes: "with --repair it is written anew, with no labels; its files stay",
};

const forget = async (core: Core, row: DamagedRow) => {
  core.records.forget(row);
  return "forgotten";
};

/** What a repair does; null where it does nothing. */
const mends: {
  readonly [table in DamagedRow["table"]]: (core: Core, row: DamagedRow) => Promise<string | null>;
} = {
  containers: async (core, row) => {
    const folder = folderOf(core, row.key);
    const monitor = await connectMonitor({ folder, socketFolder: socketFolderOf(core, row.key) });
    if (monitor !== undefined) {
      monitor.close();
      return null;
    }
    const to = join(core.root, SALVAGED, row.key);
    if (existsSync(folder)) {
      mkdirSync(join(core.root, SALVAGED), { recursive: true, mode: 0o700 });
      renameSync(folder, to);
    }
    core.records.forget(row);
    return `its files are in ${to}`;
  },
  execs: forget,
  networks: forget,
  volumes: async (core, row) => {
    const mountpoint = core.volumes.pathOf(row.key);
    core.records.forget(row);
    core.records.addVolume({
      ...{ name: row.key, driver: "local", mountpoint, created: timeNow() },
      ...{ labels: {}, options: {}, anonymous: false, renamedFrom: null },
    });
    return "written anew";
  },
};
