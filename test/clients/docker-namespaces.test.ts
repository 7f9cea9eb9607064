import { beforeAll, describe, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { ownHost } from "../support/host.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

/** Whose namespaces a container has: its own, the host's, another container's. */
describe.skipIf(engineMissing)("namespaces that are shared, by the docker command line", () => {
  const it = dockerEngine(ownHost);
  const { docker, ok, inspect } = it;
  const shell = (...words: readonly string[]) =>
    ok("run", "--rm", ...words.slice(0, -1), "busybox", "sh", "-c", words.at(-1) ?? "");
  const namespace = async (container: string, type: string) =>
    readlinkSync(`/proc/${(await inspect("container", container)).State.Pid}/ns/${type}`);
  const refused = async (...words: readonly string[]) => {
    const { code, stderr } = await docker("run", "--rm", ...words, "busybox", "true");
    expect(code).toBe(125);
    return stderr;
  };

  beforeAll(async () => {
    await ok("run", "-d", "--name", "donor", "--ipc", "shareable", "--init", "busybox", "sleep", "1000");
    await ok("run", "-d", "--name", "closed", "busybox", "sleep", "1000");
    await ok("create", "--name", "still", "--ipc", "shareable", "busybox", "sleep", "1000");
  }, 60_000);

  test("--pid container: sees and signals that one's processes, and is told by its id", async () => {
    expect(await shell("--pid", "container:donor", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")).toContain(
      "sleep 1000",
    );
    await ok(
      "run",
      "-d",
      "--name",
      "debugger",
      "--pid",
      "container:donor",
      "--init",
      "busybox",
      "sleep",
      "2000",
    );
    expect(await namespace("debugger", "pid")).toBe(await namespace("donor", "pid"));
    const { Id } = await inspect("container", "donor");
    expect((await inspect("container", "debugger")).HostConfig.PidMode).toBe(`container:${Id}`);
    expect(await ok("exec", "debugger", "sh", "-c", "kill -0 1 && echo reached")).toBe("reached");
    expect(await ok("top", "debugger")).not.toContain("sleep 1000");
  });

  test("it ends with the process that the namespace is of, and starts again in the next one's", async () => {
    await ok("kill", "donor");
    expect(await ok("wait", "debugger")).toBe("137");
    expect((await docker("start", "debugger")).stderr).toContain(
      "cannot join PID of a non running container",
    );
    await ok("start", "donor");
    await ok("start", "debugger");
    expect(await namespace("debugger", "pid")).toBe(await namespace("donor", "pid"));
    await ok("rm", "-f", "debugger");
    expect((await inspect("container", "donor")).State.Status).toBe("running");
  });

  test("--ipc container: has that one's queues and memory", async () => {
    await ok("exec", "donor", "sh", "-c", "echo kept > /dev/shm/note");
    expect(
      await shell(
        "--ipc",
        "container:donor",
        "cat /dev/shm/note; readlink /proc/self/ns/ipc; grep -c ' /dev/shm ' /proc/mounts",
      ),
    ).toBe(`kept\n${await namespace("donor", "ipc")}\n1`);
    expect(
      await shell("--ipc", "container:donor", "echo back > /dev/shm/note; grep ' /dev/shm ' /proc/mounts"),
    ).toMatch(/nosuid,nodev,noexec/);
    expect(await ok("exec", "donor", "cat", "/dev/shm/note")).toBe("back");
    // A mount of its own comes before.
    expect(await shell("--ipc", "container:donor", "--tmpfs", "/dev/shm", "ls /dev/shm")).toBe("");
    const { Id } = await inspect("container", "donor");
    await ok("create", "--name", "told", "--ipc", `container:${Id.slice(0, 12)}`, "busybox");
    expect((await inspect("container", "told")).HostConfig.IpcMode).toBe(`container:${Id}`);
    expect((await inspect("container", "donor")).HostConfig.IpcMode).toBe("shareable");
  });

  test("what cannot be joined is refused, with why", async () => {
    expect(await refused("--ipc", "container:closed")).toContain("non-shareable IPC");
    expect(await refused("--ipc", "container:still")).toContain("cannot join IPC of a non running container");
    expect(await refused("--pid", "container:still")).toContain("cannot join PID of a non running container");
    expect(await refused("--pid", "container:nobody")).toContain("No such container: nobody");
    expect(await refused("--ipc", "container:nobody")).toContain("No such container: nobody");
    expect(await refused("--pid", "container:")).toMatch(/invalid PID mode|no container is named/);
    expect(await refused("--ipc", "container:donor", "--sysctl", "kernel.msgmax=9000")).toContain(
      "kernel.msgmax",
    );
    expect(await refused("--uts", "host", "--hostname", "mine")).toContain(
      "conflicting options: hostname and the UTS mode",
    );
    expect(await refused("--userns", "private")).toMatch(/userns|user namespace/i);
    expect((await docker("ps", "-aq", "--filter", "name=nobody")).stdout).toBe("");
  });

  test("private, none and the host's", async () => {
    const own = (type: string) => readlinkSync(`/proc/self/ns/${type}`);
    const inside = (type: string, ...words: readonly string[]) =>
      shell(...words, `readlink /proc/self/ns/${type}`);
    expect(await inside("ipc", "--ipc", "private")).not.toBe(own("ipc"));
    expect(await inside("ipc", "--ipc", "host")).toBe(own("ipc"));
    expect(await shell("--ipc", "none", "grep -c ' /dev/shm ' /proc/mounts || true")).toBe("0");
    expect(await inside("pid", "--pid", "host")).toBe(own("pid"));
    expect(await inside("uts", "--uts", "host")).toBe(own("uts"));
    expect(await inside("uts")).not.toBe(own("uts"));
    expect(await inside("user", "--userns", "host")).toBe(own("user"));
    expect(await inside("cgroup", "--cgroupns", "private")).not.toBe(own("cgroup"));
    expect(await inside("cgroup", "--cgroupns", "host")).toBe(own("cgroup"));
    await ok(
      "create",
      "--name",
      "hosts",
      "--userns",
      "host",
      "--uts",
      "host",
      "--cgroupns",
      "host",
      "busybox",
    );
    const { UsernsMode, UTSMode, CgroupnsMode } = (await inspect("container", "hosts")).HostConfig;
    expect({ UsernsMode, UTSMode, CgroupnsMode }).toEqual({
      UsernsMode: "host",
      UTSMode: "host",
      CgroupnsMode: "host",
    });
  });

  const until = async (holds: () => Promise<boolean>) => {
    for (let tries = 0; tries < 400 && !(await holds()); tries++) await Bun.sleep(25);
    expect(await holds()).toBe(true);
  };

  test("both come back by their restart policies when the first one's process was killed, and so they do without a daemon", async () => {
    const always = ["run", "-d", "--restart", "always"];
    await ok(...always, "--name", "first", "--ipc", "shareable", "busybox", "sleep", "1000");
    const joined = ["--pid", "container:first", "--ipc", "container:first", "--network", "container:first"];
    await ok(...always, "--name", "second", ...joined, "busybox", "sleep", "1000");
    const pid = async (name: string): Promise<number> => (await inspect("container", name)).State.Pid;
    const areTogether = async () => {
      const pids = [await pid("first"), await pid("second")];
      if (pids.includes(0)) return false;
      return ["pid", "ipc", "net"].every((type) => {
        const [one, other] = pids.map((each) => linkOf(each, type));
        return one !== "" && one === other;
      });
    };
    expect(await areTogether()).toBe(true);
    const before = await pid("first");
    process.kill(before, "SIGKILL");
    await until(async () => (await pid("first")) !== before && (await areTogether()));

    const [first, second] = [await pid("first"), await pid("second")];
    await it.engine.kill();
    await it.engine.serve();
    expect([await pid("first"), await pid("second")]).toEqual([first, second]);
    await it.engine.kill();
    process.kill(first, "SIGKILL");
    await it.engine.serve();
    await until(async () => (await pid("first")) !== first && (await areTogether()));
    await ok("rm", "-f", "first", "second");
  }, 60_000);
});

function linkOf(pid: number, type: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${type}`);
  } catch {
    return "";
  }
}
