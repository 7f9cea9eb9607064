import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../src/oci/digest.ts";
import { busyboxMissing } from "../engine/busybox.ts";
import { dockerArchive, tar } from "../image/fixtures.ts";
import { rootMissing } from "../support/engine.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { type Daemon, daemon } from "./daemon.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/image-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 10);

/** Small files, as they take an unpacking's time, and bytes that no compression shortens, as they take a disk's. */
const layer = (seed: string) =>
  tar(...Array.from({ length: 150 }, (_, n) => ({ name: `${seed}/${n}`, content: `${seed} ${n}` })), {
    name: `${seed}/large`,
    content: randomBytes(3 << 20),
  });

/** Stands for any image without a name. */
const DANGLING = "<none>";

interface Stage {
  readonly name: string;
  /** What is there before. */
  prepare(): Promise<unknown>;
  run(): Promise<string>;
  /** The images that are there once it has run. */
  readonly after: { readonly [name: string]: boolean };
}

describe.skipIf(rootMissing || busyboxMissing || registryMissing)(
  "the daemon is killed while images come and go",
  () => {
    let d: Daemon;
    let r: Registry;
    let stages: readonly Stage[];
    beforeAll(async () => {
      d = await daemon();
      r = await registry(d.host);
      stages = await stagesOf(d, r);
    }, 60_000);
    afterAll(async () => {
      await r?.[Symbol.asyncDispose]();
      await d?.[Symbol.asyncDispose]();
    }, 60_000);

    test(`the store checks clean after ${KILLS} kills at random moments, and the command works again`, async () => {
      const windows = new Map<string, number>();
      for (const stage of stages) windows.set(stage.name, await undisturbed(stage));
      const seen: Record<string, { answered: number; lost: number }> = {};
      for (let n = 0; n < KILLS; n++) {
        const stage = stages[n % stages.length] ?? expect.unreachable();
        const turn = Math.floor(n / stages.length);
        await stage.prepare();
        const attempt = stage.run().then(
          () => "answered" as const,
          () => "lost" as const,
        );
        // The golden ratio: each next moment falls into the largest gap between those before.
        await Bun.sleep(((0.3 + turn * 0.618034) % 1) * 1.6 * (windows.get(stage.name) ?? 0));
        await d.end("SIGKILL");
        const outcome = await attempt;
        await d.serve();
        const count = seen[stage.name] ?? { answered: 0, lost: 0 };
        seen[stage.name] = { ...count, [outcome]: count[outcome] + 1 };
        await checkedClean(d, stage.name);
        if (outcome === "answered") expect(await present(d, stage)).toEqual(stage.after);
        // rmi that was done and not answered has nothing left to remove, which it says.
        await stage.run().catch((error) => expect(String(error)).toContain("404"));
        expect(await present(d, stage)).toEqual(stage.after);
        await checkedClean(d, stage.name);
      }
      console.log(
        `kills: ${KILLS}, windows: ${JSON.stringify([...windows])}, outcomes: ${JSON.stringify(seen)}`,
      );
      expect(Object.values(seen).some(({ lost }) => lost > 0)).toBe(true);
    }, 1_200_000);
  },
);

/** Milliseconds that it takes here and now. */
async function undisturbed(stage: Stage): Promise<number> {
  await stage.prepare();
  const began = performance.now();
  await stage.run();
  return performance.now() - began;
}

async function checkedClean(d: Daemon, stage: string): Promise<void> {
  const lines = (await d.ask("POST", "/system/check"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect({ stage, findings: lines.filter((line) => line.Checked === undefined) }).toEqual({
    stage,
    findings: [],
  });
  expect(lines.at(-1)?.Checked.Strays).toBe(true);
  expect(readdirSync(join(d.dataRoot, "ingest"))).toEqual([]);
}

async function present(d: Daemon, stage: Stage): Promise<Record<string, boolean>> {
  const images: { RepoTags: string[] }[] = JSON.parse(await d.ask("GET", "/images/json"));
  const there = (name: string) =>
    images.some(({ RepoTags }) => (name === DANGLING ? RepoTags.length === 0 : RepoTags.includes(name)));
  return Object.fromEntries(Object.keys(stage.after).map((name) => [name, there(name)]));
}

async function stagesOf(d: Daemon, r: Registry): Promise<Stage[]> {
  const layers = [layer("a"), layer("b"), layer("c")];
  const pulled = await r.push("app:1", { layers });
  const remove = (name: string) => d.ask("DELETE", `/images/${name}?force=1`).catch(() => {});
  const archive = (name: string) => dockerArchive(name, layers.slice(0, 2), layers.slice(0, 2).map(digestOf));
  const lone = layer("d");
  const other = dockerArchive("gone:1", [lone], [digestOf(lone)]);
  const load = (name: string, bytes = archive(name)) => d.ask("POST", "/images/load", bytes).then(sound);
  const container = await d.run({
    Cmd: ["sh", "-c", "for i in 1 2 3 4; do dd if=/dev/urandom of=/f$i bs=1M count=1; done"],
    HostConfig: { NetworkMode: "none" },
  });
  await d.ask("POST", `/containers/${container}/wait`);
  return [
    {
      name: "pull",
      prepare: () => remove(pulled),
      run: () => d.ask("POST", `/images/create?fromImage=${encodeURIComponent(pulled)}`).then(sound),
      after: { [pulled]: true },
    },
    {
      name: "load",
      prepare: () => remove("loaded:1"),
      run: () => load("loaded:1"),
      after: { "loaded:1": true },
    },
    {
      name: "commit",
      prepare: () => remove("made:1"),
      run: () => d.ask("POST", `/commit?container=${container}&repo=made&tag=1`),
      after: { "made:1": true },
    },
    {
      name: "rmi",
      prepare: () => load("loaded:1"),
      run: () => d.ask("DELETE", "/images/loaded:1"),
      after: { "loaded:1": false, "busybox:latest": true },
    },
    {
      name: "prune",
      prepare: async () => {
        await load("gone:1", other);
        await d.ask("POST", "/images/busybox/tag?repo=gone&tag=1");
      },
      run: () => d.ask("POST", "/images/prune"),
      after: { "gone:1": true, [DANGLING]: false },
    },
  ];
}

/** A stream of progress answers 200 before it knows how it ends. */
function sound(text: string): string {
  if (text.includes('"error"')) throw new Error(text);
  return text;
}
