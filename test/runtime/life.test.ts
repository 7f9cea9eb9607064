import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isFrozen } from "../../src/kernel/cgroup/freezer.ts";
import { readKept } from "../../src/runtime/kept.ts";
import { canRun, removeTestCgroups, type TestContainer, testContainer } from "./container.ts";

afterAll(removeTestCgroups);

const cgroupsOf = (c: TestContainer) =>
  ["unified", "memory", "pids", "."]
    .map((name) => `/sys/fs/cgroup/${name}/inro-test/${c.id}`)
    .filter(existsSync);

describe.skipIf(!canRun)("a container's life", () => {
  test("nothing of the program runs before the start, and everything is gone after the end", async () => {
    await using c = await testContainer({ script: "echo ran" });
    const container = await c.create();
    expect(c.output()).toBe("");
    expect(cgroupsOf(c).length).toBeGreaterThan(0);
    expect(await container.processes()).toEqual([container.pid]);
    const records = await container.start();
    expect(records.map(({ act }) => act)).toContain("become");
    await container.exited;
    expect(c.output()).toBe("ran\n");
    expect(cgroupsOf(c)).toEqual([]);
  });

  test("pause stops every process until resume", async () => {
    await using c = await testContainer({ script: "sleep 100 & sleep 100" });
    const container = await c.create();
    await container.start();
    await container.pause();
    expect(isFrozen(readKept(c.folder)?.cgroups ?? [])).toBe(true);
    await container.resume();
    expect(isFrozen(readKept(c.folder)?.cgroups ?? [])).toBe(false);
    await container.signal(9);
    expect((await container.exited).signal).toBe(9);
  });

  test("stats count its processes and memory", async () => {
    await using c = await testContainer({
      linux: { resources: { pids: { limit: 77 } } },
      script: "sleep 100 & sleep 100; true",
    });
    const container = await c.create();
    await container.start();
    while ((await container.processes()).length < 3) await Bun.sleep(1);
    const stats = await container.stats();
    expect(stats.pids).toEqual({ current: 3, limit: 77 });
    expect(stats.memory.usage).toBeGreaterThan(0);
    expect(stats.cpu.totalNs).toBeGreaterThan(0n);
    expect(await container.processes()).toContain(container.pid);
  });

  test("another process goes on with a container whose creator is gone", async () => {
    await using c = await testContainer({
      script: "trap 'exit 5' TERM; echo up; while :; do sleep 0.01; done",
    });
    const first = await c.create();
    await first.start();
    first.close();
    const second = await c.runtime.reconnect(c.id, c.folder, c.request.socketFolder);
    if (second === undefined) throw new Error("the monitor is gone");
    expect(second.pid).toBe(first.pid);
    expect(readKept(c.folder)?.plan).toEqual(await c.runtime.explain(c.request));
    while (!c.output().includes("up")) await Bun.sleep(1);
    await second.signal(15);
    expect((await second.exited).code).toBe(5);
    expect(await c.runtime.reconnect(c.id, c.folder, c.request.socketFolder)).toBeUndefined();
  });

  test("explain executes nothing", async () => {
    await using c = await testContainer({});
    const plan = await c.runtime.explain(c.request);
    expect(plan.become.at(-1)).toMatchObject({ kind: "exec", argv: ["sh", "-c", "exec 2>&1; true"] });
    expect(cgroupsOf(c)).toEqual([]);
  });

  test("a create that fails takes back what was made", async () => {
    await using c = await testContainer({ args: ["/no/such/program"] });
    await expect(c.create()).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
    expect(cgroupsOf(c)).toEqual([]);
  });

  test("a cgroup that holds someone else's processes is not shared", async () => {
    await using first = await testContainer({ script: "sleep 100" });
    await first.create();
    await using second = await testContainer({ linux: { cgroupsPath: `/inro-test/${first.id}` } });
    await expect(second.create()).rejects.toMatchObject({ code: "CGROUP_BUSY", at: "/linux/cgroupsPath" });
  });
});

/** Linux/arm64's ELF header, enough for the kernel to refuse it. */
const foreign = Buffer.alloc(128);
foreign.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
foreign.writeUInt16LE(2, 16);
foreign.writeUInt16LE(process.arch === "arm64" ? 62 : 183, 18);

describe.skipIf(!canRun)("a program that cannot be started", () => {
  test.each([
    ["nosuch", {}, "COMMAND_NOT_FOUND", 'cannot start "nosuch": executable file not found in $PATH'],
    ["/nosuch", {}, "COMMAND_NOT_FOUND", 'cannot start "/nosuch": no such file or directory'],
    [
      "/etc",
      {},
      "COMMAND_NOT_EXECUTABLE",
      'cannot start "/etc": permission denied: it is not an executable file',
    ],
    ["/plain", { plain: 0o644 }, "COMMAND_NOT_EXECUTABLE", 'cannot start "/plain": permission denied'],
    ["/empty", { empty: 0o755 }, "COMMAND_NOT_EXECUTABLE", 'cannot start "/empty"'],
  ])("%s is named with its reason", async (program, files, code, message) => {
    await using c = await testContainer({
      args: [program],
      image: (rootfs) => {
        for (const [name, mode] of Object.entries(files)) writeFileSync(join(rootfs, name), "text", { mode });
      },
    });
    await expect(started(c)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("a script's missing interpreter is named", async () => {
    await using c = await testContainer({
      args: ["/script"],
      image: (rootfs) => writeFileSync(join(rootfs, "script"), "#!/usr/bin/nosuch -x\n", { mode: 0o755 }),
    });
    await expect(started(c)).rejects.toMatchObject({
      code: "COMMAND_NOT_FOUND",
      message: 'cannot start "/script": its interpreter is missing: /usr/bin/nosuch',
    });
  });

  test("a program of another architecture is named as such", async () => {
    await using c = await testContainer({
      args: ["/foreign"],
      image: (rootfs) => writeFileSync(join(rootfs, "foreign"), foreign, { mode: 0o755 }),
    });
    const [theirs, ours] = process.arch === "arm64" ? ["x86_64", "aarch64"] : ["aarch64", "x86_64"];
    await expect(started(c)).rejects.toMatchObject({
      code: "COMMAND_NOT_EXECUTABLE",
      message: `cannot start "/foreign": it is built for ${theirs}, this host is ${ours} (install qemu-user-static on this host to run it)`,
    });
  });

  async function started(c: TestContainer): Promise<void> {
    const container = await c.create();
    await container.start();
  }
});

describe.skipIf(!canRun)("errors", () => {
  test("a missing mount source is named before anything is made", async () => {
    await using c = await testContainer({
      spec: {
        mounts: [{ destination: "/data", type: "bind", source: "/no/such/source", options: ["rbind"] }],
      },
    });
    await expect(c.create()).rejects.toMatchObject({
      code: "MOUNT_SOURCE_MISSING",
      at: "/mounts/0",
      message:
        'cannot mount "/no/such/source" into the container: it does not exist on the host (create it, or use a named volume)',
    });
  });

  test("a mount option that a file system does not know is told in the kernel's words", async () => {
    await using c = await testContainer({
      spec: { mounts: [{ destination: "/data", type: "tmpfs", source: "tmpfs", options: ["size=many"] }] },
    });
    await expect(c.create()).rejects.toMatchObject({
      code: "MOUNT_FAILED",
      at: "/mounts/0",
      message: expect.stringContaining("size=many"),
    });
  });

  test("a working directory that is a file is told", async () => {
    await using c = await testContainer({
      process: { cwd: "/etc/passwd" },
      image: (rootfs) => {
        mkdirSync(join(rootfs, "etc"), { recursive: true });
        writeFileSync(join(rootfs, "etc/passwd"), "");
        symlinkSync("passwd", join(rootfs, "etc/link"));
      },
    });
    await expect(c.create()).rejects.toMatchObject({ at: "/process/cwd" });
  });
});
