/** Rows of images: from a registry and back, from and into archives, and out of a container. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tool } from "../../test/support/tools.ts";
import type { Engine } from "../contenders/engine.ts";
import { IMAGE } from "../image.ts";
import { finish } from "../programs.ts";
import { megabyte } from "../rows.ts";
import { type Attempt, interleave, medians } from "../sample.ts";
import type { Row } from "../table.ts";
import { layout, sampled, smallFiles, tarsOf } from "./content.ts";
import { peakOf } from "./peak.ts";
import { from, layersOf, publish, type Registries, registries, to } from "./places.ts";

export const IMAGE_ROWS = ["pull", "layers", "files", "load", "save", "push", "commit"] as const;

/** Bytes of the files of the image that is moved: some 340 MB compressed. */
const imageBytes = 720e6;
/** Bytes of the files that a commit finds in the container. */
const committedBytes = 340e6;
const smallCount = 100_000;

/** Of one engine: its command line, and how the words differ. */
interface Mover {
  readonly engine: Engine;
  readonly folder: string;
  readonly registries: Registries;
  run(...words: string[]): Promise<string>;
}

const plain = ({ engine }: Mover) => (engine.name === "podman" ? ["--tls-verify=false"] : []);
const pull = (mover: Mover, name: string) => mover.run("pull", ...plain(mover), `${from}/${name}`);
const remove = (mover: Mover, ...names: string[]) => mover.run("rmi", "-f", ...names);
/** What was written goes to the disk before the next one is measured. */
const settled = () => finish(["sync"], {});

async function mover(engine: Engine, folder: string, data: string): Promise<Mover> {
  const own = join(folder, `moved-${engine.name}`);
  mkdirSync(own);
  return {
    engine,
    folder: own,
    registries: await registries(own, data, engine.enter),
    run: (...words) => finish([...engine.cli, ...words], engine.environment),
  };
}

/** Layers by `curl | tar`, one after the other, and by skopeo and umoci: what pulls and unpacks without an engine. */
function bare({ engine, folder }: Mover, layoutFolder: string, name: string): Attempt[] {
  const inNetwork = (words: readonly string[]) => finish([...engine.enter, ...words], {});
  const out = join(folder, "unpacked");
  const clean = async () => {
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out);
    await settled();
  };
  mkdirSync(out, { recursive: true });
  const copied = `oci:${join(out, "layout")}:x`;
  const skopeo = [tool("skopeo") ?? "", "--insecure-policy", "copy", "--src-tls-verify=false"];
  const umoci = [tool("umoci") ?? "", "unpack", "--image", `${join(out, "layout")}:x`, join(out, "bundle")];
  return [
    {
      name: "curl | tar",
      settle: clean,
      async run() {
        for (const url of layersOf(layoutFolder, name))
          await inNetwork(["sh", "-c", `curl -sf ${url} | tar -C ${out} -xz`]);
      },
    },
    {
      name: "skopeo + umoci",
      settle: clean,
      async run() {
        await inNetwork([...skopeo, `docker://${from}/${name}`, copied]);
        await inNetwork(umoci);
      },
    },
  ];
}

const half = { factor: 0.5, against: ["docker", "podman"] } as const;

/** A piece of work, as each engine does it again and again. */
interface Work {
  prepare?(m: Mover): Promise<unknown>;
  run(m: Mover): Promise<unknown>;
  /** Afterwards everything is as it was before. */
  undo(m: Mover): Promise<unknown>;
}

type Rows = (name: string, work: Work, beside?: readonly Attempt[], faster?: string) => Promise<Row[]>;

/** Makes the row of a piece of work, and the row of its peak in the engines that have a daemon. */
const rowsOf =
  (movers: readonly Mover[], rounds: number): Rows =>
  async (name, { prepare, run, undo }, beside = [], faster) => {
    for (const m of movers) await prepare?.(m);
    const attempts = movers.map((m) => ({
      name: m.engine.name,
      run: () => run(m),
      settle: async () => {
        await undo(m);
        await settled();
      },
    }));
    const values = medians(await interleave([...attempts, ...beside], rounds, 0));
    const peaks = new Map<string, number>();
    for (const m of movers.filter(({ engine }) => engine.socket !== undefined)) {
      const processes = () => m.engine.daemonProcesses(new Set());
      peaks.set(m.engine.name, (await peakOf(processes, () => run(m))) / megabyte);
      await undo(m);
    }
    const budget = faster === undefined ? half : { ...half, and: { factor: 1, against: faster } };
    return [
      { work: name, unit: "ms", values, budget },
      { work: `${name}: peak memory`, unit: "MB", values: peaks, budget: { limit: 150 } },
    ];
  };

async function* pullRows(rows: Rows, movers: readonly Mover[], name: string, what: string, path: string) {
  const [first] = movers;
  if (first === undefined) return;
  const attempts = bare(first, path, name);
  const undo = (m: Mover) => remove(m, `${from}/${name}`);
  yield* await rows(`pull and unpack ${what}`, { run: (m) => pull(m, name), undo }, attempts, "curl | tar");
}

/** Everything between engines, registries and archives that is `wanted`. */
export async function* imageRows(
  engines: readonly Engine[],
  folder: string,
  wanted: ReadonlySet<string>,
  o: { readonly rounds: number; readonly share: number },
): AsyncGenerator<Row> {
  if (!IMAGE_ROWS.some((row) => wanted.has(row))) return;
  const data = join(folder, "registry");
  const make = async (name: string, content: Parameters<typeof layout>[1]) => {
    const path = join(folder, `layout-${name}`);
    layout(path, content);
    await publish(folder, data, path, name);
    return path;
  };
  const files = sampled(imageBytes * o.share);
  const eight = await make("eight", { files, layers: 8 });
  const movers: Mover[] = [];
  try {
    for (const engine of engines) movers.push(await mover(engine, folder, data));
    const rows = rowsOf(movers, o.rounds);
    if (wanted.has("pull")) yield* pullRows(rows, movers, "eight", "8 layers", eight);
    if (wanted.has("layers"))
      for (const layers of [1, 64])
        yield* pullRows(
          rows,
          movers,
          `n${layers}`,
          `${layers} layers`,
          await make(`n${layers}`, { files, layers }),
        );
    if (wanted.has("files")) {
      const count = smallCount * o.share;
      yield* pullRows(
        rows,
        movers,
        "small",
        `${count} small files`,
        await make("small", [smallFiles(count)]),
      );
    }
    yield* archiveRows(rows, folder, eight, wanted);
    if (wanted.has("commit")) yield* commitRows(rows, folder, sampled(committedBytes * o.share));
  } finally {
    for (const { registries: own } of movers) await own[Symbol.asyncDispose]();
  }
}

async function* archiveRows(rows: Rows, folder: string, path: string, wanted: ReadonlySet<string>) {
  const name = `${from}/eight`;
  const prepare = (m: Mover) => pull(m, "eight");
  const saved = (m: Mover) => join(m.folder, "saved.tar");
  if (wanted.has("push"))
    yield* await rows("push 8 layers", {
      async prepare(m) {
        await prepare(m);
        await m.run("tag", name, `${to}/eight`);
      },
      run: (m) => m.run("push", ...plain(m), `${to}/eight`),
      undo: async (m) => m.registries.empty(),
    });
  if (wanted.has("save"))
    yield* await rows("save 8 layers", {
      prepare,
      run: (m) => m.run("save", "-o", saved(m), name),
      undo: async (m) => rmSync(saved(m)),
    });
  if (!wanted.has("load")) return;
  const archive = join(folder, "eight.tar");
  const copy = [tool("skopeo") ?? "", "--insecure-policy", "copy", `oci:${path}:bench`];
  await finish([...copy, `docker-archive:${archive}:localhost/loaded:1`], {});
  yield* await rows("load 8 layers", {
    // What it has already, no engine unpacks again.
    prepare: (m) => remove(m, name, `${to}/eight`).catch(() => {}),
    run: (m) => m.run("load", "-i", archive),
    undo: (m) => remove(m, "localhost/loaded:1"),
  });
}

async function* commitRows(rows: Rows, folder: string, files: readonly string[]) {
  const path = join(folder, "committed");
  mkdirSync(path);
  const [tar] = tarsOf(path, files, 1);
  yield* await rows("commit a container with as much in one layer", {
    async prepare(m) {
      await m.run("create", "--name", "changed", IMAGE, "true");
      const words = [...m.engine.cli, "cp", "-", "changed:/"].map((word) => `'${word}'`).join(" ");
      await finish(["sh", "-c", `${words} < ${tar}`], m.engine.environment);
    },
    run: (m) => m.run("commit", "changed", "localhost/committed:1"),
    undo: (m) => remove(m, "localhost/committed:1"),
  });
}
