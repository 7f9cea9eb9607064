import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IdMapping, NamespaceType, SpecLinux } from "../../src/oci/runtime-spec.ts";
import { typical } from "../runtime/compile/spec.ts";
import { canRun, removeTestCgroups, testContainer, type Wish } from "../runtime/container.ts";

afterAll(removeTestCgroups);

/** A folder of the host that an image tries to reach. */
const host = mkdtempSync("/tmp/inro-attack-");
afterAll(() => rmSync(host, { recursive: true, force: true }));
const WAY_OUT = `../../../../../..${host}`;

const FIRST = 200_000;
const maps: readonly IdMapping[] = [{ containerID: 0, hostID: FIRST, size: 65_536 }];
const ALL: readonly NamespaceType[] = ["mount", "user", "pid", "network", "ipc", "uts", "cgroup"];

/** In a user namespace, whose root owns the image. */
function inUsers(wish: Wish, linux: Partial<SpecLinux> = {}) {
  const namespaces = ALL.map((type) => ({ type }));
  const image = (rootfs: string): void => {
    wish.image?.(rootfs);
    Bun.spawnSync(["chown", "-Rh", `${FIRST}:${FIRST}`, rootfs]);
  };
  return testContainer({
    ...wish,
    image,
    linux: { namespaces, uidMappings: maps, gidMappings: maps, ...linux },
  });
}

describe.skipIf(!canRun)("images against user namespaces", () => {
  test.each(["proc", "sys", "dev"])("R1 a /%s symlink is no place to mount there either", async (name) => {
    await using c = await inUsers({
      image: (rootfs) => {
        rmSync(join(rootfs, name), { recursive: true });
        symlinkSync(WAY_OUT, join(rootfs, name));
      },
    });
    await expect(c.create()).rejects.toMatchObject({ code: "DESTINATION_NOT_DIRECTORY" });
    expect(readdirSync(host)).toEqual([]);
  });

  test("R5 a device is not bound at the other end of a link (CVE-2026-41579)", async () => {
    const devices = [{ path: "/srv/null", type: "c" as const, major: 1, minor: 3 }];
    await using c = await inUsers(
      { image: (rootfs) => symlinkSync(WAY_OUT, join(rootfs, "srv")) },
      { devices },
    );
    await expect(c.create()).rejects.toMatchObject({ at: "/linux/devices/0" });
    expect(readdirSync(host)).toEqual([]);
  });

  test("R5 a device is the kernel's, not what the host has at the specification's path", async () => {
    writeFileSync(join(host, "null"), "secret");
    const devices = [{ path: `${host}/null`, type: "c" as const, major: 1, minor: 3 }];
    await using c = await inUsers({ script: `stat -c %t:%T ${host}/null; cat ${host}/null` }, { devices });
    expect((await c.run()).output).toBe("1:3\n");
    rmSync(join(host, "null"));
  });

  test("R6 a mount point is made inside the root by the user that is root there", async () => {
    await using c = await inUsers({
      image: (rootfs) => symlinkSync(WAY_OUT, join(rootfs, "data")),
      spec: {
        mounts: [...(typical.mounts ?? []), { destination: "/data/made", type: "tmpfs", source: "tmpfs" }],
      },
    });
    await expect(c.create()).rejects.toMatchObject({ at: "/mounts/7" });
    expect(readdirSync(host)).toEqual([]);
  });

  test("R14 nobody in the user namespace that is joined can look into what joins it (CVE-2016-9962)", async () => {
    const holder = Bun.spawn(["unshare", "--user", "sh", "-c", "echo ready; exec sleep 100"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await holder.stdout.getReader().read();
    for (const map of ["gid_map", "uid_map"])
      writeFileSync(`/proc/${holder.pid}/${map}`, `0 ${FIRST} 65536\n`);
    const path = `/proc/${holder.pid}/ns/user`;
    try {
      const namespaces = ALL.map((type) => (type === "user" ? { type, path } : { type }));
      await using c = await inUsers(
        { script: "ls /proc/self/fd | tr '\\n' ' '" },
        { namespaces, uidMappings: [], gidMappings: [] },
      );
      const container = await c.create();
      const look = ["nsenter", `--user=${path}`, "-S", "0", "-G", "0", "ls", `/proc/${container.pid}/fd`];
      const { exitCode, stderr } = Bun.spawnSync(look);
      expect(exitCode).not.toBe(0);
      expect(stderr.toString()).toContain("Permission denied");
      // R13: and the program has the descriptors that it should have, and the folder that it lists.
      await container.start();
      await container.exited;
      expect(c.output().trim()).toBe("0 1 2 3");
    } finally {
      holder.kill(9);
      await holder.exited;
    }
  });
});

describe.skipIf(!canRun)("cgroup mounts against images", () => {
  const cgroup = (destination: string) => ({
    destination,
    type: "cgroup",
    source: "cgroup",
    options: ["ro"],
  });

  test("R1 a link on the way to /sys/fs/cgroup is not followed, where there is no sysfs above it", async () => {
    await using c = await testContainer({
      spec: { mounts: [cgroup("/sys/fs/cgroup")] },
      image: (rootfs) => symlinkSync(WAY_OUT, join(rootfs, "sys/fs")),
    });
    await expect(c.create()).rejects.toMatchObject({ at: "/mounts/0" });
    expect(readdirSync(host)).toEqual([]);
  });

  test("R1 cgroups that are mounted elsewhere are mounted inside the root", async () => {
    await using c = await testContainer({
      spec: { mounts: [...(typical.mounts ?? []), cgroup("/cg")] },
      image: (rootfs) => {
        symlinkSync(WAY_OUT, join(rootfs, "cg"));
        mkdirSync(join(rootfs, host), { recursive: true });
      },
      script: `grep -c ' ${host}' /proc/self/mountinfo > /dev/null && echo inside`,
    });
    expect((await c.run()).output).toBe("inside\n");
    expect(readdirSync(host)).toEqual([]);
    expect(await Bun.file("/proc/self/mountinfo").text()).not.toContain(host);
  });

  test("R7 what a container had mounted and linked there is gone with it, and nothing of the host's is", async () => {
    const before = await Bun.file("/proc/self/mountinfo").text();
    const folders = readdirSync("/sys/fs/cgroup");
    await using c = await testContainer({ script: "ls /sys/fs/cgroup > /dev/null" });
    await c.run();
    expect(await Bun.file("/proc/self/mountinfo").text()).toBe(before);
    expect(readdirSync("/sys/fs/cgroup")).toEqual(folders);
  });
});
