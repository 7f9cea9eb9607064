import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { startTimeOf } from "../../src/runtime/command/status.ts";
import { openTalking } from "../kernel/plan/simple.ts";

const isRoot = process.getuid?.() === 0;
const because = "exec";

/** What opening a process by this pid and time of start answers. */
async function opened(pid: number, startTime: bigint): Promise<number> {
  using talking = openTalking();
  const [record] = await talking.executor.batch([{ kind: "openProcess", out: 0, pid, startTime, because }]);
  return record?.errno ?? -1;
}

test.skipIf(!isRoot)(
  "R14 exec of a command line enters the container's own process, never another one that has its pid by now",
  async () => {
    const other = spawn("sleep", ["60"], { stdio: "ignore" });
    const pid = other.pid ?? 0;
    const startTime = BigInt(startTimeOf(pid) ?? "0");
    expect(startTime).toBeGreaterThan(0n);
    expect(await opened(pid, startTime)).toBe(0);
    expect(await opened(pid, startTime - 1n)).toBe(constants.errno.ESRCH);
    const ended = new Promise((resolve) => other.once("exit", resolve));
    other.kill("SIGKILL");
    await ended;
    expect(await opened(pid, startTime)).toBe(constants.errno.ESRCH);
  },
);

test.skipIf(!isRoot)("R14 a process whose name looks like fields of its own is not mistaken", async () => {
  const name = "x) S 1 1 1";
  const script = `printf '%s' '${name}' > /proc/self/comm; exec 0<&-; while :; do sleep 1; done`;
  const odd = spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"] });
  try {
    const pid = odd.pid ?? 0;
    while (!(await Bun.file(`/proc/${pid}/comm`).text()).startsWith("x)")) await Bun.sleep(5);
    expect(await opened(pid, BigInt(startTimeOf(pid) ?? "0"))).toBe(0);
    expect(await opened(pid, 1n)).toBe(constants.errno.ESRCH);
  } finally {
    odd.kill("SIGKILL");
  }
});
