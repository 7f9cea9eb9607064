import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { updateCgroups } from "../../../src/kernel/cgroup/update.ts";
import { openExecutor } from "../../../src/kernel/executor/executor.ts";
import type { SpecResources } from "../../../src/oci/runtime-spec.ts";
import { readFacts } from "../../../src/runtime/facts.ts";
import { updateLimits } from "../../../src/runtime/update.ts";
import { canMakeCgroups, type LiveCgroups, liveCgroups } from "./live.ts";

const MIB = 1024 * 1024;
const onlyV2 = canMakeCgroups && readFacts().hierarchies.mode === "v2";
const NATIVE = join(import.meta.dir, "../../../build/native/inro-native");
const update = (c: LiveCgroups, resources: SpecResources) =>
  updateLimits(c.set, resources, () => openExecutor(NATIVE));
const isV2 = (c: LiveCgroups, controller: string): boolean =>
  c.set.find(({ controllers }) => controllers.includes(controller))?.version === 2;

describe.skipIf(!canMakeCgroups)("limits of a living container", () => {
  test("memory alone and with swap rise together and fall together", async () => {
    await using c = liveCgroups();
    const limits = () =>
      isV2(c, "memory")
        ? [c.read("memory", "memory.max"), c.read("memory", "memory.swap.max")]
        : [c.read("memory", "memory.limit_in_bytes"), c.read("memory", "memory.memsw.limit_in_bytes")];
    const together = (memory: number, swap: number) =>
      [memory, isV2(c, "memory") ? swap - memory : swap].map(String);
    for (const [limit, swap] of [
      [64 * MIB, 96 * MIB],
      [256 * MIB, 512 * MIB],
      [16 * MIB, 32 * MIB],
    ] as const) {
      await update(c, { memory: { limit, swap } });
      expect(limits()).toEqual(together(limit, swap));
    }
    await update(c, { memory: { limit: -1 } });
    expect(limits()).toEqual(
      isV2(c, "memory") ? ["max", "max"] : ["9223372036854771712", "9223372036854771712"],
    );
  });

  test("swap alone is changed beside the limit of memory that stands", async () => {
    await using c = liveCgroups();
    await update(c, { memory: { limit: 32 * MIB, swap: 64 * MIB } });
    await update(c, { memory: { swap: 48 * MIB } });
    expect(
      isV2(c, "memory")
        ? c.read("memory", "memory.swap.max")
        : c.read("memory", "memory.memsw.limit_in_bytes"),
    ).toBe(String(isV2(c, "memory") ? 16 * MIB : 48 * MIB));
  });

  test("quota and burst bound each other, whichever way they go", async () => {
    await using c = liveCgroups();
    const burst = () => c.read("cpu", isV2(c, "cpu") ? "cpu.max.burst" : "cpu.cfs_burst_us");
    for (const [quota, of] of [
      [50_000, 40_000],
      [90_000, 80_000],
      [20_000, 10_000],
    ] as const) {
      await update(c, { cpu: { quota, period: 100_000, burst: of } });
      expect(burst()).toBe(String(of));
    }
  });

  test("a value that the kernel refuses is named, and what was changed before it is as it was", async () => {
    await using c = liveCgroups();
    await update(c, { memory: { limit: 64 * MIB, swap: 64 * MIB }, pids: { limit: 7 } });
    const change = update(c, {
      memory: { limit: 32 * MIB, swap: 32 * MIB },
      cpu: { cpus: "4095" },
      pids: { limit: 9 },
    });
    await expect(change).rejects.toMatchObject({
      code: "CGROUP_LIMIT_REFUSED",
      at: "/linux/resources/cpu/cpus",
      message: expect.stringMatching(/^cannot set cpuset\.cpus to "4095": (EINVAL|ERANGE)/),
    });
    expect(c.read("pids", "pids.max")).toBe("7");
    const file = isV2(c, "memory") ? "memory.max" : "memory.limit_in_bytes";
    expect(c.read("memory", file)).toBe(String(64 * MIB));
  });

  test.skipIf(!onlyV2)("what is in use is not taken away when that is asked for", async () => {
    await using c = liveCgroups();
    const hog = spawn("sh", ["-c", "read x; exec tail /dev/zero"], { stdio: ["pipe", "ignore", "ignore"] });
    c.join(hog.pid as number);
    hog.stdin.write("\n");
    while (Number(c.read("memory", "memory.current")) < 8 * MIB) await Bun.sleep(5);
    hog.kill("SIGSTOP");
    const change = update(c, { memory: { limit: MIB, checkBeforeUpdate: true } });
    await expect(change).rejects.toThrow(/^cannot limit the memory to 1048576 bytes: \d+ bytes are in use/);
    expect(c.read("memory", "memory.max")).toBe("max");
  });

  test("device rules that v1's kernel refuses halfway are as they were", async () => {
    await using c = liveCgroups();
    const home = c.set.find(({ version, controllers }) => version === 1 && controllers.includes("devices"));
    if (home === undefined) return;
    const within = { ...home, path: `${home.path}/within` };
    const of = (minor: number) => ({ allow: true, type: "c", major: 10, minor, access: "rw" });
    const never = () => expect.unreachable();
    await updateCgroups([home], { devices: [of(200), of(201)] }, never);
    mkdirSync(within.path);
    await updateCgroups([within], { devices: [of(201)] }, never);
    const listed = () => readFileSync(`${within.path}/devices.list`, "utf8");
    const before = listed();
    // 10:202 is not the parent's to give.
    const change = updateCgroups([within], { devices: [of(200), of(202)] }, never);
    await expect(change).rejects.toMatchObject({
      code: "CGROUP_LIMIT_REFUSED",
      at: "/linux/resources/devices/1",
    });
    const sorted = (list: string) => list.split("\n").sort();
    expect(sorted(listed())).toEqual(sorted(before));
    rmdirSync(within.path);
  });

  test("a device that is allowed before and after can be opened at every moment", async () => {
    await using c = liveCgroups();
    const loop =
      "n=0; while [ $n -lt 400 ]; do : </dev/null || exit 9; n=$((n+1)); done; : </dev/full || exit 3";
    await update(c, { devices: [] });
    const opener = spawn("sh", ["-c", `read x; ${loop}`], { stdio: ["pipe", "ignore", "inherit"] });
    const ended = once(opener, "exit");
    c.join(opener.pid as number);
    opener.stdin.write("\n");
    for (let round = 0; opener.exitCode === null && round < 40; round++) {
      const devices = [{ allow: true, type: "c", major: 10, minor: 200 + (round % 2), access: "rw" }];
      await update(c, { devices });
    }
    await update(c, { devices: [{ allow: false, type: "c", major: 1, minor: 7, access: "rwm" }] });
    expect(await ended).toEqual([0, null]);
  });
});
