import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { cliEngine, engineMissing } from "../../cli/engine.ts";
import { busyboxArchive } from "../../clients/busybox.ts";
import { soon } from "../../crash/killing.ts";
import { testEngine } from "../../support/engine.ts";
import { machine } from "../../support/host.ts";
import { build, lines } from "../building.ts";

const KiB = 1024;

interface Rec {
  readonly ID: string;
  readonly Parents: readonly string[] | null;
  readonly Type: string;
  readonly Description: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Size: number;
  readonly UsageCount: number;
}

interface Answer {
  readonly BuildCache: readonly Rec[];
  readonly CachesDeleted: readonly string[];
  readonly SpaceReclaimed: number;
  readonly message: string;
}

describe.skipIf(engineMissing)("the build cache", () => {
  const cli = cliEngine();
  const api = async (method: string, path: string): Promise<Answer> =>
    (await (await fetch(`http://d/v1.51${path}`, { method, unix: cli.engine.socket })).json()) as Answer;
  const records = async (): Promise<readonly Rec[]> =>
    (await api("GET", "/system/df?type=build-cache")).BuildCache;
  const prune = async (query = "") => await api("POST", `/build/prune?${query}`);
  const told = async () => (await records()).map(({ Description }) => Description).sort();
  const layersOnDisk = () =>
    readdirSync(join(cli.engine.dataRoot, "snapshots")).filter((name) => !name.startsWith(".")).length;

  test("lists what steps made, in bytes of their files; history tells the same", async () => {
    const write = (name: string) => `RUN dd if=/dev/urandom of=/${name} bs=1k count=100 2>/dev/null`;
    const Dockerfile = lines("FROM busybox", write("a"), write("b"), "COPY f /f");
    const { error } = await build(cli.engine, { Dockerfile, f: "x".repeat(5000) }, { t: "sized" });
    expect(error).toBe("");
    const found = await records();
    const by = (text: string) =>
      found.find(({ Description }) => Description === text) ?? expect.unreachable();
    const [a, f, b] = [by(write("a")), by("COPY f /f"), by(write("b"))];
    expect([a.Size, f.Size, b.Size]).toEqual([100 * KiB, 5000, 100 * KiB]);
    expect([a.Parents, b.Parents, f.Parents]).toEqual([null, [a.ID], [b.ID]]);
    expect(found.every(({ Shared, InUse, Type }) => Shared && !InUse && Type === "regular")).toBe(true);
    const sizes = async () => await cli.out("history", "-H=false", "--format", "{{.Size}}", "sized");
    expect((await sizes()).split("\n").slice(0, 3)).toEqual(["5000", "102400", "102400"]);
    // The copy is a tar that nobody unpacked; an engine that starts anew reads it.
    await cli.engine.kill();
    await cli.engine.serve();
    expect((await sizes()).split("\n").slice(0, 3)).toEqual(["5000", "102400", "102400"]);
    expect(await cli.out("builder", "du")).toContain("Shared:");
  });

  test("what images share stays unless all is asked for; what goes takes its files with it", async () => {
    const before = layersOnDisk();
    expect(await prune()).toMatchObject({ CachesDeleted: [], SpaceReclaimed: 0 });
    await cli.out("rmi", "sized");
    expect((await records()).every(({ Shared }) => !Shared)).toBe(true);
    const dry = await prune("dry-run=1");
    expect([dry.CachesDeleted.length, dry.SpaceReclaimed]).toEqual([3, 204_800 + 5000]);
    expect((await records()).length).toBe(3);
    const out = await cli.out("builder", "prune", "-f");
    expect(out).toContain("Total reclaimed space: 209.8kB");
    expect(out.split("\n").filter((line) => /^[0-9a-f]{24}$/.test(line)).length).toBe(3);
    expect(await records()).toEqual([]);
    expect(layersOnDisk()).toBe(before - 2);
    // Docker's own command line, and system prune.
    expect((await cli.engine.docker("builder", "prune", "-f")).stdout).toContain("Total");
    expect(await cli.out("system", "df", "--format", "{{.Type}} {{.TotalCount}}")).toContain("Build Cache 0");
  });

  test("what another record stands on goes after it, or not at all", async () => {
    const Dockerfile = lines("FROM busybox", "RUN echo 1 > /1", "RUN echo 2 > /2", "RUN echo 3 > /3");
    const { image } = await build(cli.engine, { Dockerfile });
    await cli.out("rmi", image);
    const [first, third] = ["RUN echo 1 > /1", "RUN echo 3 > /3"];
    const idOf = async (text: string) =>
      (await records()).find(({ Description }) => Description === text)?.ID ?? "";
    const only = async (text: string) =>
      prune(`filters=${encodeURIComponent(JSON.stringify({ id: [await idOf(text)] }))}`);
    expect((await only(first)).CachesDeleted).toEqual([]);
    expect((await only(third)).CachesDeleted).toHaveLength(1);
    expect(await told()).toEqual([first, "RUN echo 2 > /2"]);
    // Without a base the record is none, and is made again.
    expect((await build(cli.engine, { Dockerfile })).ended(third)).toBe("done");
    await cli.out("system", "prune", "-af");
    expect(await told()).toEqual([]);
    await cli.engine.inroWith({ input: busyboxArchive() }, "load");
  });

  test("cache mounts are listed and pruned, but not those that a step uses", async () => {
    const Dockerfile = lines(
      "FROM busybox",
      "RUN --mount=type=cache,target=/c,id=mine dd if=/dev/zero of=/c/f bs=1k count=64 2>/dev/null",
    );
    expect((await build(cli.engine, { Dockerfile })).error).toBe("");
    const mount = async () => (await records()).filter(({ Type }) => Type === "exec.cachemount");
    expect(await mount()).toMatchObject([
      { Description: 'cached mount with id "mine"', Size: 64 * KiB, InUse: false, UsageCount: 1 },
    ]);
    const slow = lines(
      "FROM busybox",
      "RUN --mount=type=cache,target=/c,id=mine echo here; while [ ! -e /c/go ]; do sleep 0.1; done",
    );
    const building = build(cli.engine, { Dockerfile: slow });
    await soon(async () => (await mount()).map(({ InUse }) => InUse), [true]);
    const gone = await prune("all=1");
    const [held] = await mount();
    expect(gone.CachesDeleted).not.toContain(held?.ID);
    await Bun.write(join(cli.engine.dataRoot, "build/mounts", held?.ID ?? "", "data/go"), "");
    expect((await building).error).toBe("");
    const type = encodeURIComponent(JSON.stringify({ type: ["exec.cachemount"] }));
    expect((await prune(`filters=${type}`)).CachesDeleted).toEqual([held?.ID ?? ""]);
    expect(await mount()).toEqual([]);
  });

  test("keeps what was used last, as many bytes as asked for", async () => {
    await prune("all=1");
    for (const name of ["x", "y", "z"]) {
      const Dockerfile = lines(
        "FROM busybox",
        `RUN dd if=/dev/urandom of=/${name} bs=1k count=100 2>/dev/null`,
      );
      await cli.out("rmi", (await build(cli.engine, { Dockerfile })).image);
    }
    expect((await prune(`reserved-space=${250 * KiB}&dry-run=1`)).CachesDeleted).toHaveLength(1);
    expect((await prune(`min-free-space=1&dry-run=1`)).CachesDeleted).toEqual([]);
    const out = await cli.out("builder", "prune", "-f", "--keep-storage", "150k");
    expect(out).toContain("Total reclaimed space: 204.8kB");
    expect(await told()).toEqual(["RUN dd if=/dev/urandom of=/z bs=1k count=100 2>/dev/null"]);
    expect((await prune(`filters=${encodeURIComponent('{"until":["24h"]}')}`)).CachesDeleted).toEqual([]);
    const refused = await api("POST", `/build/prune?filters=${encodeURIComponent('{"nonsense":["x"]}')}`);
    expect(refused.message).toContain("nonsense");
  });
});

describe.skipIf(engineMissing)("a build cache with a bound", () => {
  test("is below it after each build; the least recently used goes", async () => {
    await using scope = new AsyncDisposableStack();
    const engine = scope.use(await testEngine(scope.use(await machine()), "--builder-keep-storage", "250k"));
    await engine.inroWith({ input: busyboxArchive() }, "load");
    const step = (name: string) => `RUN dd if=/dev/urandom of=/${name} bs=1k count=100 2>/dev/null`;
    const told = async () => {
      const answer = await fetch("http://d/v1.51/system/df?type=build-cache", { unix: engine.socket });
      const { BuildCache } = (await answer.json()) as Answer;
      return BuildCache.map(({ Description }) => /of=.(.)/.exec(Description)?.[1] ?? "");
    };
    for (const name of ["p", "q", "p", "r"]) {
      const { image, error } = await build(engine, { Dockerfile: lines("FROM busybox", step(name)) });
      expect(error).toBe("");
      await engine.inro("rmi", image);
    }
    // The last image's layer was the image's until it was removed.
    const { image } = await build(engine, { Dockerfile: lines("FROM busybox", "RUN true") });
    await engine.inro("rmi", image);
    await soon(async () => (await told()).filter((name) => name !== ""), ["r", "p"]);
  }, 60_000);
});
