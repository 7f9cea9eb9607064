/**
 * `npm run bench`: inro beside whichever of runc, crun, docker and podman this machine has (on PATH, or unpacked into
 * the tests' cache by `scripts/bun test/support/tools.ts runc crun dockerd podman`), interleaved in one run, with the
 * same image and the same client. Needs root. Options: --quick, --containers=50,
 * --rows=oci,life,inside,idle,cli,api,bridge,exec,stats,output,words,port,ports,net,images,many; rows that take many minutes only where they are named:
 * pull,layers,files,load,save,push,commit of images, build, compose, crowd of 200 containers on one network.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fetchTools, toolRoot } from "../test/support/tools.ts";
import { buildRows } from "./builds.ts";
import { composeRows } from "./compose.ts";
import { docker } from "./contenders/docker.ts";
import type { Engine } from "./contenders/engine.ts";
import { inro } from "./contenders/inro.ts";
import { podman } from "./contenders/podman.ts";
import { imageArchive } from "./image.ts";
import { imagesRow } from "./images/list.ts";
import { IMAGE_ROWS, imageRows } from "./images/rows.ts";
import { manyRows } from "./many.ts";
import { crowdRow } from "./net/crowd.ts";
import { portsRow } from "./net/ports.ts";
import { netRows } from "./net/rows.ts";
import { OCI_ROWS, ociRows } from "./oci/rows.ts";
import { outputRows } from "./output.ts";
import { finish } from "./programs.ts";
import {
  apiRow,
  bridgeRow,
  cliRow,
  execRow,
  idleRow,
  portRow,
  removeEverything,
  served,
  statsRow,
  wordsRow,
} from "./rows.ts";
import { type Row, table } from "./table.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rows: {
      type: "string",
      default: "oci,life,inside,idle,cli,api,bridge,exec,stats,output,words,port,ports,net,images,many",
    },
    containers: { type: "string", default: "50" },
    fetch: { type: "boolean", default: true },
  },
  allowNegative: true,
});

/** Engines give memory back some time after their work (garbage collectors, inro's every 30 s). */
const settle = () => Bun.sleep(options.quick ? 3000 : 35_000);

async function measure(folder: string, wanted: ReadonlySet<string>): Promise<Row[]> {
  const busybox = join(toolRoot("busybox") ?? "", "bin/busybox");
  const rounds = options.quick ? 5 : 20;
  const rows: Row[] = [];
  const add = (row: Row) => {
    rows.push(row);
    console.error(table([row]));
  };
  for await (const row of ociRows(join(folder, "oci"), busybox, wanted, rounds)) add(row);
  if ([...wanted].every((row) => OCI_ROWS.includes(row))) return rows;
  const engines = await startEngines(folder, busybox);
  const withApi = served(engines);
  try {
    if (wanted.has("idle")) add(await idleRow(withApi, settle));
    if (wanted.has("cli")) add(await cliRow(engines, rounds));
    if (wanted.has("api")) add(await apiRow(withApi, rounds));
    if (wanted.has("bridge")) add(await bridgeRow(withApi, 2 * rounds));
    if (wanted.has("exec")) add(await execRow(withApi, rounds));
    if (wanted.has("stats")) add(await statsRow(withApi, rounds));
    if (wanted.has("output")) for await (const row of outputRows(withApi, options.quick ? 2 : 7)) add(row);
    if (wanted.has("words")) add(await wordsRow(engines, 2 * rounds));
    if (wanted.has("port")) add(await portRow(withApi, busybox, options.quick ? 3 : 7));
    if (wanted.has("ports")) add(await portsRow(withApi, 2 * rounds));
    if (wanted.has("net")) {
      const load = (engine: Engine) => loadImage(engine, folder);
      for await (const row of netRows(engines, folder, load, options.quick ? 20 : 60)) add(row);
    }
    if (wanted.has("images")) add(await imagesRow(withApi, 500, options.quick ? 20 : 100));
    if (wanted.has("many"))
      for (const row of await manyRows(withApi, Number(options.containers), settle)) add(row);
    if (wanted.has("crowd")) add(await crowdRow(withApi, folder, options.quick ? 50 : 200));
    if (wanted.has("compose"))
      for (const row of await composeRows(engines, folder, options.quick ? 2 : 5)) add(row);
    const size = options.quick ? { rounds: 1, share: 0.1 } : { rounds: 3, share: 1 };
    if (wanted.has("build"))
      for await (const row of buildRows(engines, folder, { ...size, rounds: options.quick ? 1 : 5 }))
        add(row);
    for await (const row of imageRows(engines, folder, wanted, size)) add(row);
  } finally {
    for (const engine of withApi) await removeEverything(engine).finally(() => engine.api.close());
    for (const engine of engines) await engine.stop();
  }
  return rows;
}

async function startEngines(folder: string, busybox: string): Promise<Engine[]> {
  writeFileSync(archiveIn(folder), await imageArchive(busybox));
  const engines: Engine[] = [];
  for (const [name, start] of Object.entries({ inro, docker, podman })) {
    const engine = await start(join(folder, name));
    if (engine === undefined) console.error(`${name} is not here: it is left out`);
    else {
      engines.push(engine);
      await loadImage(engine, folder);
    }
  }
  return engines;
}

const loadImage = (engine: Engine, folder: string) =>
  finish([...engine.cli, "load", "--input", archiveIn(folder)], engine.environment);

const archiveIn = (folder: string) => join(folder, "image.tar");

/** Engines leave the folders of their containers' cgroups behind, empty; one that is in use cannot be removed. */
function removeEmptyCgroups(folder: string): void {
  const suffix = createHash("sha256").update(join(folder, "inro/data")).digest("hex").slice(0, 8);
  // The deepest first.
  for (const name of ["libpod_parent", "docker", `inro-${suffix}`])
    for (const path of globSync(`/sys/fs/cgroup/{,*/}${name}{,/**/}`).sort().reverse()) {
      try {
        rmdirSync(path);
      } catch {
        // Absent, or another engine's.
      }
    }
}

if (process.getuid?.() !== 0) {
  console.error("the bench needs root: it starts engines and containers");
  process.exit(1);
}
if (options.fetch) {
  const named = new Set(options.rows.split(","));
  const ofImages = IMAGE_ROWS.some((row) => named.has(row));
  const tools = ["busybox", "runc", "crun", "dockerd", "podman"] as const;
  const images = ["docker-registry", "skopeo", "umoci"] as const;
  const builders = named.has("build") ? (["docker-buildx"] as const) : [];
  const composers = named.has("compose") ? (["docker-compose", "docker-compose-2"] as const) : [];
  for (const [name, why] of fetchTools([...tools, ...builders, ...composers, ...(ofImages ? images : [])]))
    console.error(`${name} could not be fetched: ${why}`);
}
const build = spawnSync(process.execPath, [join(import.meta.dir, "../scripts/build.ts")], {
  stdio: "inherit",
});
if (build.status !== 0) process.exit(1);
const folder = mkdtempSync(join(tmpdir(), "inro-bench-"));
try {
  const rows = await measure(folder, new Set(options.rows.split(",")));
  console.log(table(rows));
} finally {
  removeEmptyCgroups(folder);
  rmSync(folder, { recursive: true, force: true });
}
