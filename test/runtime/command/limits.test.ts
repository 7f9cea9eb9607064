import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { duration } from "../../../src/runtime/command/events.ts";
import { parseBytes } from "../../../src/runtime/command/update.ts";
import { canRun } from "../container.ts";
import { commandLine, until } from "./bundle.ts";

const inro = commandLine("limits");
afterAll(() => inro[Symbol.asyncDispose]());

interface Stored {
  readonly cgroups: readonly {
    readonly version: number;
    readonly path: string;
    readonly controllers: string[];
  }[];
}

/** A value of the container's cgroup, by the file's name in v1 and in v2. */
function limit(id: string, controller: string, v1: string, v2: string): string {
  const stored = JSON.parse(readFileSync(join(inro.root, id, "state.json"), "utf8")) as Stored;
  const folder = stored.cgroups.find(({ controllers }) => controllers.includes(controller));
  return readFileSync(join(folder?.path ?? "", folder?.version === 1 ? v1 : v2), "utf8").trim();
}

const memory = (id: string) => Number(limit(id, "memory", "memory.limit_in_bytes", "memory.max"));
const pids = (id: string) => limit(id, "pids", "pids.max", "pids.max");

describe.skipIf(!canRun)("limits and numbers", () => {
  test("pause holds every process, resume lets them go on; each once", async () => {
    const { id, path } = await inro.running("i=0; while :; do echo $((i=i+1)) > /tick; sleep 0.01; done");
    const tick = () => Number(readFileSync(join(path, "rootfs/tick"), "utf8"));
    await until(() => {
      try {
        return tick() > 2;
      } catch {
        return false;
      }
    });
    expect(await inro("pause", id)).toMatchObject({ code: 0 });
    const [then] = [tick(), await Bun.sleep(200)];
    expect(tick()).toBe(then);
    expect(await inro.state(id)).toMatchObject({ status: "paused", pid: expect.any(Number) });
    expect(await inro("pause", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("container not running"),
    });
    expect(await inro("resume", id)).toMatchObject({ code: 0 });
    await until(() => tick() > then);
    expect(await inro("resume", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("container not paused"),
    });
    await inro("pause", id);
    expect(await inro("kill", id, "KILL")).toMatchObject({ code: 0 });
    await until(async () => (await inro.state(id)).status === "stopped");
  }, 20_000);

  test("update changes what it names, by flags, file or standard input, and keeps the rest", async () => {
    const { id, path } = await inro.running("sleep 100");
    expect(await inro("update", "--memory", "64m", "--pids-limit", "50", id)).toMatchObject({ code: 0 });
    expect([memory(id), pids(id)]).toEqual([64 << 20, "50"]);
    expect(await inro("update", "--pids-limit=20", id)).toMatchObject({ code: 0 });
    expect([memory(id), pids(id)]).toEqual([64 << 20, "20"]);
    // Raised above what memory and swap together may be so far.
    const both = JSON.stringify({
      memory: { limit: 96 << 20, swap: 96 << 20 },
      cpu: null,
      devices: [{ allow: true }],
    });
    expect(await inro.withInput(both, "update", "-r", "-", id)).toMatchObject({ code: 0 });
    const more = join(path, "more.json");
    writeFileSync(more, JSON.stringify({ memory: { limit: 128 << 20, swap: 192 << 20 } }));
    expect(await inro("update", "--resources", more, id)).toMatchObject({ code: 0 });
    expect(memory(id)).toBe(128 << 20);
    expect(await inro("update", "--cpu-quota", "50000", "--cpu-period", "100000", id)).toMatchObject({
      code: 0,
    });
    expect(await inro("update", "--cpu-quota", "20000", id)).toMatchObject({ code: 0 });
    expect(limit(id, "cpu", "cpu.cfs_quota_us", "cpu.max").split(" ")[0]).toBe("20000");
  }, 20_000);

  test("a limit of a controller that the container did without so far is set on all of it", async () => {
    const { id } = await inro.running("sleep 100 & sleep 100");
    const { pid } = await inro.state(id);
    expect(await inro("update", "--cpuset-cpus", "0", id)).toMatchObject({ code: 0 });
    expect(limit(id, "cpuset", "cpuset.cpus", "cpuset.cpus")).toBe("0");
    const allowed = (one: number) =>
      /Cpus_allowed_list:\t(.*)/.exec(readFileSync(`/proc/${one}/status`, "utf8"))?.[1];
    const pids: number[] = JSON.parse((await inro("ps", "-f", "json", id)).stdout);
    expect(pids.length).toBe(2);
    expect(pids).toContain(pid);
    expect(pids.map(allowed)).toEqual(["0", "0"]);
    expect((await inro("exec", id, "grep", "Cpus_allowed_list", "/proc/self/status")).stdout).toBe(
      "Cpus_allowed_list:\t0\n",
    );
    expect(await inro("delete", "-f", id)).toMatchObject({ code: 0 });
    const attached = inro.bundle({ args: ["sh", "-c", "until [ -f /go ]; do sleep 0.01; done"] });
    const run = inro("run", "-b", attached.path, attached.id);
    await until(async () => (await inro("state", attached.id)).stdout.includes('"running"'));
    expect(await inro("update", "--cpuset-cpus", "0", attached.id)).toMatchObject({ code: 0 });
    writeFileSync(join(attached.path, "rootfs/go"), "");
    expect(await run).toMatchObject({ code: 0 });
    const left = [
      ...new Bun.Glob(`{*/,}*/${attached.id}`).scanSync({ cwd: "/sys/fs/cgroup", onlyFiles: false }),
    ];
    expect(left).toEqual([]);
  }, 20_000);

  test("update refuses what it cannot do, and says why", async () => {
    const { id } = await inro.running("sleep 100");
    const refused = async (why: string, ...words: string[]) =>
      expect(await inro("update", ...words, id)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(why),
      });
    await refused("no number of bytes", "--memory", "much");
    await refused("no whole number", "--cpu-share", "1.5");
    await refused("Intel RDT", "--l3-cache-schema", "L3:0=f");
    await refused("cpuset.cpus", "--cpuset-cpus", "4096");
    await refused("/nosuch", "--resources", "/nosuch");
    expect(await inro.withInput("[1]", "update", "-r", "-", id)).toMatchObject({ code: 1 });
  }, 20_000);

  test("events --stats prints what runc prints", async () => {
    const { id } = await inro.running("sleep 100");
    const { stdout } = await inro("events", "--stats", id);
    const event = JSON.parse(stdout);
    expect(stdout.endsWith("}\n")).toBe(true);
    expect(event).toMatchObject({ type: "stats", id });
    expect(Object.keys(event.data)).toEqual(
      "cpu cpuset memory pids blkio hugetlb intel_rdt network_interfaces".split(" "),
    );
    expect(event.data.cpu.usage.total).toBeGreaterThan(0);
    expect(event.data.memory.usage.usage).toBeGreaterThan(0);
    expect(event.data.memory.usage.limit).toBeGreaterThan(2 ** 40);
    expect(event.data.memory.raw).toHaveProperty("pgfault");
    expect(event.data.pids).toMatchObject({ current: 1 });
  }, 20_000);

  test("events tells of numbers at each interval and of out-of-memory kills, and ends with the container", async () => {
    const hog =
      "until [ -f /go ]; do sleep 0.01; done; dd if=/dev/zero of=/dev/null bs=96M count=1; sleep 1; exit 0";
    const { id, path } = await inro.running(hog);
    await inro("update", "--memory", "16m", "--memory-swap", "16m", id);
    const events = Bun.spawn([...inro.words, "events", "--interval", "150ms", id], {
      stdout: "pipe",
      timeout: 20_000,
    });
    const reader = events.stdout.getReader();
    const decoder = new TextDecoder();
    let told = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      // It watches once it has told something.
      if (told === "") writeFileSync(join(path, "rootfs/go"), "");
      told += decoder.decode(read.value);
    }
    expect(await events.exited).toBe(0);
    const lines = told.trim().split("\n");
    const types = lines.map((line) => JSON.parse(line).type);
    expect(types.filter((type) => type === "stats").length).toBeGreaterThan(1);
    expect(types).toContain("oom");
    expect(JSON.parse(lines[types.indexOf("oom")] ?? "")).toEqual({ type: "oom", id });
  }, 20_000);
});

test("bytes are written as docker writes them", () => {
  expect(
    ["64m", "1g", "512", "-1", "1.5k", "2GiB", "3 kb"].map((text) => parseBytes(text, "--memory")),
  ).toEqual([64 << 20, 1 << 30, 512, -1, 1536, 2 ** 31, 3072]);
  for (const text of ["", "m", "-2", "1x", "0x10", "1e3"])
    expect(() => parseBytes(text, "--memory")).toThrow("bytes");
});

test("durations are written as Go writes them", () => {
  expect(["5s", "1m30s", "250ms", "1.5h"].map(duration)).toEqual([5000, 90_000, 250, 5_400_000]);
  for (const text of ["", "5", "s", "0s", "-1s", "5s!"]) expect(() => duration(text)).toThrow("duration");
});
