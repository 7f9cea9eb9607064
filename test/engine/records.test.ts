import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRecords } from "../../src/engine/records.ts";
import { NEVER } from "../../src/engine/state.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { options } from "./sample.ts";

const record = (id: string, name: string) => ({
  id,
  name,
  origin: {
    created: NEVER,
    imageId: "sha256:1" as Digest,
    options: options(),
    arguments: ["sh"],
    mounts: [],
  },
  fortune: {
    state: { status: "created" as const, failure: null },
    startedAt: NEVER,
    restartCount: 0,
    memoryKills: 0,
    health: null,
    stoppedByUser: false,
    bootId: "",
    starting: false,
    rootfs: null,
    attachments: [],
    shaper: null,
    bandwidth: null,
    resources: null,
    restart: null,
    endpoints: null,
    edit: null,
    ports: null,
  },
});

test("what is recorded is there when the file is opened again", () => {
  using folder = temporaryFolder("engine");
  const path = join(folder.path, "inro.db");
  const first = openRecords(path);
  first.addContainer(record("a", "one"), []);
  const running = { status: "running" as const, pid: 7, startedAt: NEVER };
  first.updateContainer("a", { ...record("a", "one").fortune, state: running }, "process");
  const volumes = ["goes", "stays"].map((name) => ({
    ...{ name, driver: "local" as const, mountpoint: `/${name}`, created: NEVER, labels: {}, options: {} },
    ...{ anonymous: true, renamedFrom: null },
  }));
  first.addContainer(record("b", "two"), volumes);
  first.removeContainer("b", ["goes"]);
  const { engineId } = first;
  first.close();
  const second = openRecords(path);
  expect(second.containers()).toEqual([
    { ...record("a", "one"), fortune: { ...record("a", "one").fortune, state: running } },
  ]);
  expect(second.volumes().map(({ name }) => name)).toEqual(["stays"]);
  expect(second.engineId).toBe(engineId);
  second.close();
});

test("nobody else reads what containers were given: their variables may be secrets (R26)", () => {
  using folder = temporaryFolder("engine");
  const path = join(folder.path, "inro.db");
  const records = openRecords(path);
  records.addContainer(record("a", "one"), []);
  for (const name of readdirSync(folder.path))
    expect(statSync(join(folder.path, name)).mode & 0o777).toBe(0o600);
  records.close();
});

test("two containers cannot have one name, and what came with the second is not recorded", () => {
  using folder = temporaryFolder("engine");
  const records = openRecords(join(folder.path, "inro.db"));
  records.addContainer(record("a", "same"), []);
  const volume = {
    name: "v",
    driver: "local",
    mountpoint: "/v",
    created: NEVER,
    labels: {},
    options: {},
    anonymous: true,
    renamedFrom: null,
  } as const;
  expect(() => records.addContainer(record("b", "same"), [volume])).toThrow(/another one has that name/);
  expect(records.volumes()).toEqual([]);
  records.close();
});

test("a data root belongs to one process at a time", () => {
  using folder = temporaryFolder("engine");
  const path = join(folder.path, "inro.db");
  const records = openRecords(path);
  const script = `import { openRecords } from "${join(import.meta.dir, "../../src/engine/records.ts")}";
    try { openRecords(process.argv[1]); console.log("opened"); } catch (error) { console.log(error.code); }`;
  const tryIt = () =>
    Bun.spawnSync([process.execPath, "-e", script, path], { stderr: "inherit" }).stdout.toString().trim();
  expect(tryIt()).toBe("ENGINE_RUNNING");
  records.close();
  expect(tryIt()).toBe("opened");
});

test("events are kept in order, and the oldest go", () => {
  using folder = temporaryFolder("engine");
  const records = openRecords(join(folder.path, "inro.db"));
  for (let n = 1n; n <= 12_500n; n++)
    records.addEvent({ type: "container", action: "start", id: String(n), attributes: {}, time: n });
  const kept = records.eventsSince(0n);
  expect(kept.length).toBeLessThanOrEqual(11_001);
  expect(kept.at(-1)).toMatchObject({ id: "12500", time: 12_500n });
  expect(kept.map((event) => event.time)).toEqual(
    [...kept.map((event) => event.time)].sort((a, b) => (a < b ? -1 : 1)),
  );
  records.close();
});

test("a file of an engine before networks is brought up to date, with its containers' connections", () => {
  using folder = temporaryFolder("engine");
  const path = join(folder.path, "inro.db");
  openRecords(path).close();
  const { endpoints: _, ...before } = options();
  const attachment = { network: "bridge", address: "10.0.0.2", hostInterface: "inro4", ports: [] };
  const old = new Database(path);
  const add = (id: string, network: unknown) => {
    const { attachments: _a, endpoints: _e, ...rest } = record(id, id).fortune;
    const origin = JSON.stringify({ ...record(id, id).origin, options: before });
    old.run("INSERT INTO containers VALUES (?, ?, ?, ?)", [
      id,
      id,
      origin,
      JSON.stringify({ ...rest, network }),
    ]);
  };
  add("with", attachment);
  add("without", null);
  old.run("DROP TABLE networks");
  old.run("PRAGMA user_version = 1");
  old.close();
  const records = openRecords(path);
  expect(records.containers()).toEqual([
    {
      ...record("with", "with"),
      fortune: {
        ...record("with", "with").fortune,
        attachments: [{ ...attachment, inside: "eth0", joined: false } as never],
      },
    },
    record("without", "without"),
  ]);
  expect(records.networks()).toEqual([]);
  records.close();
});

test("a file that is no database any more is named, with what to do", () => {
  using folder = temporaryFolder("engine");
  const path = join(folder.path, "inro.db");
  writeFileSync(path, "x".repeat(4096));
  const refused = { code: "DATABASE_DAMAGED", what: `cannot read the database ${path}` };
  expect(() => openRecords(path)).toThrow(expect.objectContaining(refused));
});
