/**
 * The native programs on the other architecture. qemu's user mode (7.2) knows neither openat2 nor clone3: what can be tried
 * is the start of a program, the wire, system calls by their numbers there, and how a refusal is told.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { connectExecutor, type Executor } from "../../src/kernel/executor/executor.ts";
import { callNumbers } from "../../src/kernel/seccomp/numbers.ts";
import { simplePlan } from "../kernel/plan/simple.ts";
import { tool, toolRoot } from "../support/tools.ts";

const root = join(import.meta.dir, "../..");
const build = join(root, "build/native");
const compiler = tool("aarch64-gcc");
const qemu = join(toolRoot("qemu-aarch64") ?? "", "usr/bin/qemu-aarch64-static");
const because = "test";

/** What a system call's number there is called here. */
const stepThere = (name: "openat" | "pidfd_send_signal" | "clone3"): string => {
  const { aarch64, x86_64 } = callNumbers();
  return Object.entries(x86_64).find(([, number]) => number === aarch64[name])?.[0] ?? "";
};

function openForeign(): Executor {
  const program = [qemu, "-0", "inro-executor", join(build, "inro-native-aarch64")];
  const child = Bun.spawn(program, {
    env: {},
    cwd: "/",
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const descriptor = child.stdio[3];
  if (typeof descriptor !== "number") throw new Error("Bun gave no descriptor for the fourth stream");
  return connectExecutor({ pid: child.pid, descriptor, exited: child.exited });
}

describe.skipIf(compiler === undefined || tool("qemu-aarch64") === undefined)("on aarch64", () => {
  beforeAll(() => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/build.ts"), "aarch64"], {
      env: { ...process.env, CC_AARCH64: compiler },
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  }, 60_000);

  test("hello starts from the kernel's stack and reads what its machine says", () => {
    const { status, stdout } = spawnSync(qemu, [join(build, "hello-aarch64")], { encoding: "utf8" });
    expect(status).toBe(0);
    for (const said of ["Hello from inside", "namespaces", "capabilities"]) expect(stdout).toContain(said);
  });

  test("the executor answers a batch, each operation by the number of its system call", async () => {
    using executor = openForeign();
    const records = await executor.batch(
      [
        { kind: "openPath", out: 0, path: "/tmp", use: "directory", because },
        { kind: "openPath", out: 1, path: "/nonexistent", use: "any", because },
        { kind: "openProcess", out: 2, pid: process.pid, startTime: 0n, because },
      ],
      { stop: false },
    );
    expect(records.map(({ step, errno }) => [step, errno])).toEqual([
      [stepThere("openat"), 0],
      [stepThere("openat"), 2],
      [stepThere("pidfd_send_signal"), 0],
    ]);
  });

  test("a plan is decoded, and what the machine lacks is told and undone", async () => {
    using executor = openForeign();
    await expect(executor.plan(simplePlan({}))).rejects.toMatchObject({
      errno: "ENOSYS",
      record: { kind: "clone", step: stepThere("clone3") },
    });
  });
});
