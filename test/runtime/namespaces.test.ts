import { afterAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import type { SpecLinux, SpecNamespace } from "../../src/oci/runtime-spec.ts";
import { typical } from "./compile/spec.ts";
import { canRun, removeTestCgroups, testContainer } from "./container.ts";
import { ended } from "./executed.ts";

afterAll(removeTestCgroups);

/** The typical namespaces, some of them replaced or added. */
const namespaces = (...others: SpecNamespace[]): readonly SpecNamespace[] => [
  ...(typical.linux?.namespaces ?? []).filter(({ type }) => !others.some((other) => other.type === type)),
  ...others,
];

/** A process in new namespaces, for a container to join; gone with the scope. */
async function other(flag: string, file: string): Promise<Disposable & { readonly pid: number }> {
  const child = spawn("unshare", [flag, "sleep", "600"], { stdio: "ignore" });
  const pid = child.pid ?? 0;
  const path = (of: number | string) => readlinkSync(`/proc/${of}/ns/${file}`);
  while (path(pid) === path("self")) await Bun.sleep(2);
  return { pid, [Symbol.dispose]: () => child.kill("SIGKILL") };
}

const seconds = (path: string, clock: string): number =>
  Number(new RegExp(`${clock}\\s+(-?\\d+)`).exec(readFileSync(path, "utf8"))?.[1]);

describe.skipIf(!canRun)("a time namespace", () => {
  test("has the clocks that were asked for, for a program that is executed too", async () => {
    const linux: Partial<SpecLinux> = {
      namespaces: namespaces({ type: "time" }),
      timeOffsets: { monotonic: { secs: 86_400 }, boottime: { secs: 604_800, nanosecs: 5 } },
    };
    const here = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
    await using c = await testContainer({
      script: "cut -d. -f1 /proc/uptime; cat /proc/self/timens_offsets; sleep 100",
      linux,
    });
    const container = await c.create();
    await container.start();
    const { output } = await ended(
      container,
      "cut -d. -f1 /proc/uptime; readlink /proc/self/ns/time; readlink /proc/1/ns/time",
    );
    const [up, ...links] = output.trim().split("\n");
    expect(Number(up)).toBeGreaterThanOrEqual(Math.floor(here) + 604_800);
    expect(Number(up)).toBeLessThan(here + 604_900);
    expect(links[0]).toBe(links[1]);
    while (!c.output().includes("boottime")) await Bun.sleep(5);
    expect(c.output()).toMatch(/monotonic +86400 +0\nboottime +604800 +5\n/);
    expect(readlinkSync(`/proc/${container.pid}/ns/time`)).not.toBe(readlinkSync("/proc/self/ns/time"));
  });

  test("is the monitor's own no more after its child was born into it", async () => {
    await using c = await testContainer({
      script: "sleep 100",
      linux: { namespaces: namespaces({ type: "time" }) },
    });
    const { pid } = await c.create();
    const monitor = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    expect(readlinkSync(`/proc/${monitor}/ns/time_for_children`)).toBe(readlinkSync("/proc/self/ns/time"));
    expect(readlinkSync(`/proc/${pid}/ns/time`)).not.toBe(readlinkSync("/proc/self/ns/time"));
  });

  test("that is joined by its path has the clocks of that namespace", async () => {
    const child = spawn("unshare", ["--time", "--monotonic", "1000", "--fork", "sleep", "600"], {
      stdio: "ignore",
    });
    try {
      const children = () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
      while (children() === "") await Bun.sleep(2);
      const path = `/proc/${children()}/ns/time`;
      const linux = { namespaces: namespaces({ type: "time", path }) };
      await using c = await testContainer({ script: "sleep 100", linux });
      const { pid } = await c.create();
      expect(readlinkSync(`/proc/${pid}/ns/time`)).toBe(readlinkSync(path));
      expect(seconds(`/proc/${pid}/timens_offsets`, "monotonic")).toBe(1000);
      process.kill(Number(children()), "SIGKILL");
    } finally {
      child.kill("SIGKILL");
    }
  });

  test("with a clock that the kernel will not have is an error that leaves nothing", async () => {
    const linux = {
      namespaces: namespaces({ type: "time" }),
      timeOffsets: { monotonic: { secs: -1_000_000_000 } },
    };
    await using c = await testContainer({ linux });
    await expect(c.create()).rejects.toMatchObject({ code: "PROC_REFUSED", at: "/linux/timeOffsets" });
  });
});

describe.skipIf(!canRun)("a namespace that is joined by its path", () => {
  test.each([
    ["network", "--net", "net"],
    ["ipc", "--ipc", "ipc"],
    ["uts", "--uts", "uts"],
    ["cgroup", "--cgroup", "cgroup"],
  ] as const)("%s", async (type, flag, file) => {
    using there = await other(flag, file);
    const path = `/proc/${there.pid}/ns/${file}`;
    const own = { ...(type === "uts" ? { spec: { hostname: "" } } : {}) };
    await using c = await testContainer({
      script: "sleep 100",
      linux: { namespaces: namespaces({ type, path }) },
      ...own,
    });
    const { pid } = await c.create();
    expect(readlinkSync(`/proc/${pid}/ns/${file}`)).toBe(readlinkSync(path));
  });

  test("pid", async () => {
    await using first = await testContainer({ script: "sleep 100" });
    const { pid } = await first.create();
    const path = `/proc/${pid}/ns/pid`;
    await using c = await testContainer({
      script: "sleep 100",
      linux: { namespaces: namespaces({ type: "pid", path }) },
    });
    const second = await c.create();
    expect(readlinkSync(`/proc/${second.pid}/ns/pid`)).toBe(readlinkSync(path));
  });

  test.each([
    ["network", "/proc/self/ns/uts", "it is a namespace of another type"],
    ["pid", "/proc/self/ns/uts", "it is a namespace of another type"],
    ["ipc", "/dev/null", "it is no namespace"],
    ["uts", "/nosuch", "ENOENT"],
  ] as const)("%s at %s is an error: %s", async (type, path, why) => {
    await using c = await testContainer({ linux: { namespaces: namespaces({ type, path }) } });
    const failed = c.create();
    await expect(failed).rejects.toThrow(why);
    await expect(failed).rejects.toMatchObject({ at: "/linux/namespaces/5" });
  });

  test("that is the host's own network is no place for sysctls", async () => {
    const linux = {
      namespaces: namespaces({ type: "network", path: "/proc/self/ns/net" }),
      sysctl: { "net.ipv4.ip_forward": "0" },
    };
    await using c = await testContainer({ linux });
    await expect(c.create()).rejects.toMatchObject({
      code: "SYSCTL_INVALID",
      at: "/linux/sysctl/net.ipv4.ip_forward",
    });
  });
});

describe.skipIf(!canRun)("a mount namespace that is shared", () => {
  const shared = (...mount: SpecNamespace[]) => ({
    linux: {
      namespaces: [...namespaces().filter(({ type }) => type !== "mount"), ...mount],
      maskedPaths: [],
      readonlyPaths: [],
    },
    spec: { mounts: [] },
  });
  const mounts = () => readFileSync("/proc/self/mountinfo", "utf8").split("\n").sort();

  test("with the host is entered by chroot, out of which nothing leads, and nothing is mounted", async () => {
    await using c = await testContainer({
      ...shared(),
      process: { cwd: "/tmp" },
      script: "pwd; ls -d /bin /usr 2>&1; cd ../../../..; pwd; ls; exec sleep 100",
    });
    const container = await c.create();
    expect(readlinkSync(`/proc/${container.pid}/ns/mnt`)).toBe(readlinkSync("/proc/self/ns/mnt"));
    expect(mounts().filter((line) => line.includes(c.folder))).toEqual([]);
    await container.start();
    while (!c.output().includes("sys\ntmp\n")) await Bun.sleep(5);
    expect(c.output()).toBe(
      "/tmp\nls: /usr: No such file or directory\n/bin\n/\nbin\ndev\netc\nproc\nroot\nsys\ntmp\n",
    );
  });

  test.each([false, true])("gives it a terminal of the devpts that is there (joined: %p)", async (joined) => {
    using there = await other("--mount", "mnt");
    const mount = joined ? [{ type: "mount", path: `/proc/${there.pid}/ns/mnt` } as const] : [];
    await using c = await testContainer({
      ...shared(...mount),
      process: { terminal: true, consoleSize: { height: 25, width: 81 } },
      script: "stty size; test -t 0 && test -t 1 && echo both; exec sh -c 'echo x >/dev/console' 2>/dev/null",
    });
    expect((await c.run()).output.replaceAll("\r", "")).toBe("25 81\nboth\n");
    expect(mounts().filter((line) => line.includes(c.folder))).toEqual([]);
  });

  test.each([false, true])(
    "keeps a program that is executed in the container's root too (joined: %p)",
    async (joined) => {
      using there = await other("--mount", "mnt");
      const mount = joined ? [{ type: "mount", path: `/proc/${there.pid}/ns/mnt` } as const] : [];
      await using c = await testContainer({ ...shared(...mount), script: "sleep 100" });
      const container = await c.create();
      await container.start();
      const { output } = await ended(container, "cd ../..; ls; ls /proc/self/fd /root/../../usr 2>&1");
      expect(output).toStartWith("bin\ndev\netc\nproc\nroot\nsys\ntmp\n");
      expect(output).toContain("ls: /root/../../usr: No such file or directory");
    },
  );

  test("with a process that is joined by its path has that namespace's files as its root", async () => {
    using there = await other("--mount", "mnt");
    const path = `/proc/${there.pid}/ns/mnt`;
    await using c = await testContainer({
      ...shared({ type: "mount", path }),
      script: "ls /; exec sleep 100",
    });
    const container = await c.create();
    expect(readlinkSync(`/proc/${container.pid}/ns/mnt`)).toBe(readlinkSync(path));
    await container.start();
    while (!c.output().includes("sys\ntmp\n")) await Bun.sleep(5);
    expect(c.output()).toBe("bin\ndev\netc\nproc\nroot\nsys\ntmp\n");
  });
});
