import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openExecutor } from "../../src/kernel/executor/executor.ts";
import type { Op } from "../../src/kernel/plan/operations.ts";
import { emptyPlan } from "../../src/kernel/plan/plan.ts";
import { canRun, removeTestCgroups, testContainer } from "../runtime/container.ts";
import { temporaryFolder } from "../support/temporary.ts";

afterAll(removeTestCgroups);

const NATIVE = join(import.meta.dir, "../../build/native/inro-native");
const because = "attack";

/** Runs operations in a child with a mount namespace of its own. */
async function inside(build: readonly Op[]) {
  using executor = openExecutor(NATIVE);
  return await executor.plan({
    ...emptyPlan,
    host: [{ kind: "inheritStdio", because }],
    clone: [{ kind: "clone", flags: 0x00020000, pidfd: 900, because }],
    build: [{ kind: "setPropagation", propagation: 1 << 18, because }, ...build],
    confine: [{ kind: "gate", because }],
  });
}

describe.skipIf(!canRun)("procfs and masks", () => {
  test("R2 a container's own /dev/null is not what masks are made of (CVE-2025-31133)", async () => {
    await using c = await testContainer({
      image: (rootfs) => {
        rmDev(rootfs);
        symlinkSync("/proc/sys/kernel/core_pattern", join(rootfs, "dev/null"));
      },
      linux: { maskedPaths: ["/proc/interrupts"] },
      script: "wc -c < /proc/interrupts; stat -c %t:%T /proc/interrupts",
    });
    expect((await c.run()).output).toBe("0\n1:3\n");
  });

  test("R2 a mask is refused when what should cover is not character device 1:3", async () => {
    using folder = temporaryFolder("attack");
    writeFileSync(join(folder.path, "null"), "");
    writeFileSync(join(folder.path, "target"), "secret");
    const ops: Op[] = [
      { kind: "openPath", out: 1, path: folder.path, use: "directory", because },
      { kind: "openPath", out: 2, path: join(folder.path, "null"), use: "any", because },
      { kind: "mask", root: 1, path: "target", null: 2, because },
    ];
    await expect(inside(ops)).rejects.toMatchObject({ message: expect.stringContaining("1:3") });
  });

  test("R3 the console is the pty's own peer, whatever /dev/pts names (CVE-2025-52565)", async () => {
    await using c = await testContainer({
      image: (rootfs) => {
        rmDev(rootfs);
        mkdirSync(join(rootfs, "dev/pts"));
        symlinkSync("/proc/sys/kernel/core_pattern", join(rootfs, "dev/pts/0"));
        symlinkSync("/proc/sys/kernel/core_pattern", join(rootfs, "dev/console"));
      },
      process: { terminal: true },
      script: "stat -c '%F %t' /dev/console; tty",
    });
    expect((await c.run()).output.replaceAll("\r", "")).toBe("character special file 88\n/dev/pts/0\n");
  });

  test("R4 a sysctl is written to a procfs or not at all (CVE-2019-16884, CVE-2025-52881)", async () => {
    using folder = temporaryFolder("attack");
    mkdirSync(join(folder.path, "sys/kernel"), { recursive: true });
    writeFileSync(join(folder.path, "sys/kernel/hostname"), "untouched");
    const ops: Op[] = [
      { kind: "openPath", out: 1, path: folder.path, use: "directory", because },
      { kind: "writeProc", proc: 1, path: "sys/kernel/hostname", data: "x", optional: false, because },
    ];
    await expect(inside(ops)).rejects.toMatchObject({
      record: { kind: "writeProc", detail: expect.stringContaining("file system") },
    });
    expect(await Bun.file(join(folder.path, "sys/kernel/hostname")).text()).toBe("untouched");
  });

  test("R4 a sysctl is not written through what is mounted over procfs", async () => {
    using folder = temporaryFolder("attack");
    writeFileSync(join(folder.path, "hostname"), "untouched");
    const ops: Op[] = [
      { kind: "fsMount", out: 1, fstype: "proc", source: "proc", options: [], attributes: 0, because },
      { kind: "openPath", out: 2, path: "/mnt", use: "directory", because },
      { kind: "attach", tree: 1, root: 2, path: "", destination: "in-root", because },
      { kind: "cloneTree", out: 3, path: folder.path, recursive: false, because },
      { kind: "attach", tree: 3, root: 1, path: "sys/kernel", destination: "in-root", because },
      { kind: "writeProc", proc: 1, path: "sys/kernel/hostname", data: "x", optional: false, because },
    ];
    await expect(inside(ops)).rejects.toMatchObject({ record: { kind: "writeProc", errno: 18 } });
    expect(await Bun.file(join(folder.path, "hostname")).text()).toBe("untouched");
  });

  test("R4 a sysctl name cannot leave /proc/sys", async () => {
    await using c = await testContainer({ linux: { sysctl: { "../1/oom_score_adj": "-1000" } } });
    await expect(c.create()).rejects.toMatchObject({ code: "SYSCTL_INVALID" });
  });
});

function rmDev(rootfs: string): void {
  mkdirSync(join(rootfs, "dev"), { recursive: true });
}
