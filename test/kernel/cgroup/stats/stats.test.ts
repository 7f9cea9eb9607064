import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { killAll } from "../../../../src/kernel/cgroup/set.ts";
import { readStats } from "../../../../src/kernel/cgroup/stats/stats.ts";
import { updateCgroups } from "../../../../src/kernel/cgroup/update.ts";
import { canMakeCgroups, type LiveCgroups, liveCgroups } from "../live.ts";

const MIB = 1024 * 1024;
const noFilter = () => {};

/** Runs a line of shell in the cgroups, to its end. */
async function runIn(c: LiveCgroups, script: string): Promise<void> {
  const child = spawn("sh", ["-c", `read x; ${script}`], { stdio: ["pipe", "ignore", "ignore"] });
  const ended = once(child, "exit");
  c.join(child.pid as number);
  child.stdin.write("\n");
  await ended;
}

describe.skipIf(!canMakeCgroups)("what a container uses", () => {
  test("processor time, in sum and by processor where the kernel counts that", async () => {
    await using c = liveCgroups();
    await runIn(c, "n=0; while [ $n -lt 100000 ]; do n=$((n+1)); done");
    const { cpu, cpuset } = readStats(c.set);
    expect(cpu.totalNs).toBeGreaterThan(10_000_000n);
    expect(cpu.userNs).toBeGreaterThan(0n);
    const sum = cpu.perCpu.reduce((total, { totalNs }) => total + totalNs, 0n);
    if (cpu.perCpu.length > 0) expect(sum).toBe(cpu.totalNs);
    expect(cpuset.cpus.length).toBe(cpus().length);
    expect(cpuset.mems).toContain(0);
  });

  test("a quota that is used up", async () => {
    await using c = liveCgroups();
    await updateCgroups(c.set, { cpu: { quota: 5000, period: 50_000 } }, noFilter);
    const busy = runIn(c, "while :; do :; done");
    // The time is counted when the wait is over.
    while (readStats(c.set).cpu.throttling.throttledNs === 0n) await Bun.sleep(10);
    await killAll(c.set);
    await busy;
    const { throttling } = readStats(c.set).cpu;
    expect(throttling.periods).toBeGreaterThanOrEqual(throttling.throttled);
    expect(throttling.throttled).toBeGreaterThan(0);
  });

  test("memory with its limits, its peak, how often the limit was met and whom that killed", async () => {
    await using c = liveCgroups();
    await updateCgroups(c.set, { memory: { limit: 16 * MIB, swap: 16 * MIB }, pids: { limit: 9 } }, noFilter);
    await runIn(c, "tail /dev/zero; :");
    const { memory, pids } = readStats(c.set);
    expect(memory).toMatchObject({ limit: 16 * MIB, oomKills: 1 });
    expect(memory.peak).toBeGreaterThan(12 * MIB);
    // Kernel 6.18 leaves v1's memory.failcnt at zero.
    if (c.set[0]?.controllers.includes("memory")) expect(memory.failures).toBeGreaterThan(0);
    expect(memory.swap?.limit).toBe(16 * MIB);
    expect(Object.keys(memory.stat).length).toBeGreaterThan(10);
    expect(pids).toEqual({ current: 0, limit: 9 });
  });

  test("without limits they are infinite", async () => {
    await using c = liveCgroups();
    const { memory, pids } = readStats(c.set);
    expect(memory.limit).toBe(Number.POSITIVE_INFINITY);
    expect(pids.limit).toBeNull();
  });

  test("cgroups that are gone are zero, not an error", async () => {
    const c = liveCgroups();
    await c[Symbol.asyncDispose]();
    expect(readStats(c.set)).toMatchObject({ pids: { current: 0 }, memory: { usage: 0, swap: null } });
  });
});
