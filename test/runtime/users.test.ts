import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IdMapping, NamespaceType, SpecMount } from "../../src/oci/runtime-spec.ts";
import { typical } from "./compile/spec.ts";
import { canRun, removeTestCgroups, type TestContainer, testContainer, type Wish } from "./container.ts";
import { ended } from "./executed.ts";

afterAll(removeTestCgroups);

const FIRST = 200_000;
const shifted: readonly IdMapping[] = [{ containerID: 0, hostID: FIRST, size: 65_536 }];

const own = (...types: NamespaceType[]) => types.map((type) => ({ type }));

/** A container in a new user namespace; `more`: namespaces besides it, by path or not. */
function inUserNamespace(
  wish: Wish,
  maps: readonly IdMapping[] = shifted,
  more: readonly { type: NamespaceType; path?: string }[] = own("pid", "network", "ipc", "uts", "cgroup"),
): Promise<TestContainer> {
  const namespaces = [...own("mount", "user"), ...more];
  const image = (rootfs: string): void => {
    wish.image?.(rootfs);
    // Whose namespace it is can make mount points in it.
    Bun.spawnSync(["chown", "-R", `${maps[0]?.hostID}:${maps[0]?.hostID}`, rootfs]);
  };
  return testContainer({
    ...wish,
    image,
    linux: { namespaces, uidMappings: maps, gidMappings: maps, ...wish.linux },
  });
}

const withMounts = (...mounts: SpecMount[]) => ({ mounts: [...(typical.mounts ?? []), ...mounts] });

describe.skipIf(!canRun)("user namespaces", () => {
  test("root of the container is nobody of the host; its root may lie where it could not go", async () => {
    await using c = await inUserNamespace({
      image: (rootfs) => chmodSync(join(rootfs, ".."), 0o700),
      script: "id -u; cat /proc/self/uid_map; touch /tmp/made && echo made; sleep 100",
    });
    const { pid, start } = await c.create();
    await start();
    while (!c.output().includes("made")) await Bun.sleep(2);
    expect(c.output().replaceAll(/ +/g, " ")).toBe("0\n 0 200000 65536\nmade\n");
    expect(statSync(`/proc/${pid}`).uid).toBe(FIRST);
    expect(statSync(join(c.rootfs, "tmp/made")).uid).toBe(FIRST);
  });

  test("several ranges are mapped, each to its own", async () => {
    const maps = [
      { containerID: 0, hostID: 300_000, size: 1 },
      { containerID: 1, hostID: 200_000, size: 1000 },
      { containerID: 5000, hostID: 400_000, size: 10 },
    ];
    await using c = await inUserNamespace(
      {
        process: { user: { uid: 5003, gid: 7, additionalGids: [5009, 0] } },
        script: "cat /proc/self/uid_map; id -u; id -g; id -G; cat /proc/self/setgroups",
      },
      maps,
    );
    expect((await c.run()).output.replaceAll(/ +/g, " ")).toBe(
      " 0 300000 1\n 1 200000 1000\n 5000 400000 10\n5003\n7\n7 0 5009\nallow\n",
    );
  });

  test("a terminal, devices and a /dev of its own are made of what the host has", async () => {
    await using c = await inUserNamespace({
      process: { terminal: true },
      linux: {
        namespaces: own("mount", "user", "pid", "network", "ipc", "uts", "cgroup"),
        devices: [
          { path: "/dev/extra/zero", type: "c", major: 1, minor: 5 },
          { path: "/srv/null", type: "c", major: 1, minor: 3 },
          { path: "/dev/extra/pipe", type: "p", fileMode: 0o640 },
        ],
      },
      script:
        "tty; stat -c '%n %F %t:%T' /dev/extra/zero /srv/null /dev/console /dev/full; stat -c '%F %a' /dev/extra/pipe; echo x > /srv/null",
    });
    expect((await c.run()).output.replaceAll("\r", "")).toBe(
      [
        "/dev/pts/0",
        "/dev/extra/zero character special file 1:5",
        "/srv/null character special file 1:3",
        "/dev/console character special file 88:0",
        "/dev/full character special file 1:7",
        "fifo 640",
        "",
      ].join("\n"),
    );
  });

  test("on the host's network it sees the host's /sys, locked as it was asked for", async () => {
    await using c = await inUserNamespace(
      {
        script:
          "ls /sys/class/net/lo > /dev/null && echo there; grep -c ' /sys sysfs ro' /proc/mounts; mkdir /sys/x",
      },
      shifted,
      own("pid", "ipc", "uts", "cgroup"),
    );
    expect((await c.run()).output).toMatch(/^there\n1\nmkdir: .*Read-only file system\n$/);
  });

  test("without a pid namespace of its own it sees the host's processes in /proc", async () => {
    await using c = await inUserNamespace(
      { script: "readlink /proc/self; echo $$" },
      shifted,
      own("network", "ipc", "uts", "cgroup"),
    );
    const [self, own_] = (await c.run()).output.split("\n");
    expect(Number(self)).toBeGreaterThanOrEqual(Number(own_));
    expect(Number(own_)).toBeGreaterThan(1);
  });

  test("it joins a network that was made outside, of which it owns nothing", async () => {
    await using holder = await holding("--net");
    const wanted = [
      ...own("pid", "ipc", "uts", "cgroup"),
      { type: "network" as const, path: `/proc/${holder.pid}/ns/net` },
    ];
    await using c = await inUserNamespace({ script: "readlink /proc/self/ns/net; id -u" }, shifted, wanted);
    expect((await c.run()).output).toBe(`${await holder.name("net")}\n0\n`);
  });

  test("it joins a user namespace, and others that belong to it, by their paths", async () => {
    await using holder = await holding("--user", "--net", "--uts");
    const path = (name: string): string => `/proc/${holder.pid}/ns/${name}`;
    await using c = await testContainer({
      linux: {
        namespaces: [
          ...own("mount", "pid", "ipc", "cgroup"),
          { type: "user", path: path("user") },
          { type: "network", path: path("net") },
          { type: "uts", path: path("uts") },
        ],
      },
      spec: { hostname: "joined" },
      script:
        "for n in user net uts; do readlink /proc/self/ns/$n; done; echo $$; id -u; hostname; echo x > /dev/null; mount -t tmpfs none /tmp && echo mounted",
      process: { capabilities: everything },
    });
    const names = await Promise.all(["user", "net", "uts"].map((name) => holder.name(name)));
    expect((await c.run()).output).toBe([...names, "1", "0", "joined", "mounted", ""].join("\n"));
  });

  test("a file that is no user namespace cannot be joined", async () => {
    const path = "/proc/self/ns/net";
    await using c = await testContainer({
      linux: { namespaces: [...own("mount", "pid", "ipc", "uts", "network"), { type: "user", path }] },
    });
    await expect(c.create()).rejects.toMatchObject({ code: "NAMESPACE_FAILED" });
  });

  test("exec joins it as a user of it", async () => {
    await using c = await inUserNamespace({ script: "sleep 100" });
    const container = await c.create();
    await container.start();
    const script = "id -u; id -g; readlink /proc/self/ns/user; echo x > /tmp/x; stat -c %u /tmp";
    const { output, code } = await ended(container, script, { user: { uid: 5, gid: 6 } });
    const users = await Bun.$`readlink /proc/${container.pid}/ns/user`.text();
    expect(output.replace(/sh: .*\n/, "")).toBe(`5\n6\n${users}0\n`);
    expect(code).toBe(0);
  });

  test.each([
    [{ user: { uid: 70_000, gid: 0 } }, "/process/user/uid"],
    [{ user: { uid: 0, gid: 70_000 } }, "/process/user/gid"],
    [{ user: { uid: 0, gid: 0, additionalGids: [5, 70_000] } }, "/process/user/additionalGids/1"],
  ])("an id that is not mapped is an error before anything is made: %o", async (process, at) => {
    await using c = await inUserNamespace({ process });
    await expect(c.create()).rejects.toMatchObject({ code: "ID_NOT_MAPPED", at });
  });

  test("an owner of a mount that is not mapped is named", async () => {
    const maps = [{ containerID: 0, hostID: FIRST, size: 1 }];
    const devpts = {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["newinstance", "gid=5"],
    };
    await using c = await inUserNamespace({ spec: withMounts(devpts) }, maps);
    await expect(c.create()).rejects.toMatchObject({ code: "ID_NOT_MAPPED", at: "/mounts/7/options/1" });
  });

  test.each([
    [[], "/linux/uidMappings"],
    [[{ containerID: 0, hostID: 1, size: 0 }], "/linux/uidMappings/0"],
    [[...shifted, { containerID: 65_535, hostID: 1, size: 2 }], "/linux/uidMappings/1"],
    [[...shifted, { containerID: 70_000, hostID: FIRST + 1, size: 2 }], "/linux/uidMappings/1"],
    [[{ containerID: 0, hostID: 4_294_967_290, size: 10 }], "/linux/uidMappings/0"],
  ])("maps that contradict themselves are named: %o", async (maps, at) => {
    await using c = await inUserNamespace({}, maps);
    await expect(c.create()).rejects.toMatchObject({ code: "ID_MAPPING_INVALID", at });
  });

  test("maps without a user namespace are an error", async () => {
    await using c = await testContainer({ linux: { uidMappings: shifted, gidMappings: shifted } });
    await expect(c.create()).rejects.toMatchObject({ code: "ID_MAPPING_INVALID", at: "/linux/uidMappings" });
  });

  test("what is shared with a user namespace comes from the host, and never goes there", async () => {
    await using c = await inUserNamespace({
      image: (rootfs) => mkdirSync(join(rootfs, "../data")),
      process: { capabilities: everything },
      script:
        "grep ' /data ' /proc/self/mountinfo | grep -o 'shared:\\|master:'; mount -t tmpfs none /data && echo mounted; sleep 100",
    });
    const data = join(c.rootfs, "../data");
    await Bun.$`mount -t tmpfs -o mode=777 tmpfs ${data} && mount --make-shared ${data}`.quiet();
    try {
      const mount = { destination: "/data", type: "bind", source: data, options: ["rbind", "rshared"] };
      Object.assign(c.request, { spec: { ...c.request.spec, ...withMounts(mount) } });
      const { start } = await c.create();
      await start();
      while (!c.output().includes("mounted")) await Bun.sleep(2);
      expect(c.output()).toBe("shared:\nmaster:\nmounted\n");
      expect(readFileSync("/proc/self/mountinfo", "utf8").split(` ${data} `).length).toBe(2);
    } finally {
      await Bun.$`umount -l ${data}`.quiet();
    }
  });
});

const ADMIN = ["CAP_SYS_ADMIN", "CAP_CHOWN"];
const everything = { bounding: ADMIN, effective: ADMIN, permitted: ADMIN, inheritable: [], ambient: [] };

/** A process in namespaces of its own. */
async function holding(...flags: string[]) {
  const child = Bun.spawn(["unshare", ...flags, "sh", "-c", "echo ready; exec sleep 100"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const reader = child.stdout.getReader();
  await reader.read();
  if (flags.includes("--user"))
    for (const map of ["gid_map", "uid_map"])
      writeFileSync(`/proc/${child.pid}/${map}`, `0 ${FIRST} 65536\n`);
  return {
    pid: child.pid,
    name: async (type: string) => (await Bun.$`readlink /proc/${child.pid}/ns/${type}`.text()).trim(),
    [Symbol.asyncDispose]: async () => {
      child.kill(9);
      await child.exited;
    },
  };
}

describe.skipIf(!canRun)("id-mapped mounts", () => {
  const data = (rootfs: string): void => {
    mkdirSync(join(rootfs, "../data/below"), { recursive: true });
    writeFileSync(join(rootfs, "../data/file"), "");
    chownSync(join(rootfs, "../data"), 1000, 1000);
    chownSync(join(rootfs, "../data/file"), 1000, 1001);
    chmodSync(join(rootfs, "../data"), 0o777);
  };
  const bind = (c: TestContainer, more: Partial<SpecMount>): SpecMount => ({
    ...{ destination: "/data", type: "bind", source: join(c.rootfs, "../data"), options: ["rbind", "idmap"] },
    ...more,
  });
  const place = (c: TestContainer, mount: SpecMount): void =>
    void Object.assign(c.request, { spec: { ...c.request.spec, ...withMounts(mount) } });
  const OWNERS = "stat -c '%u:%g' /data/file /data/below";

  test("its own maps say whose the files are, and whose what is made there becomes", async () => {
    await using c = await testContainer({
      image: data,
      script: `${OWNERS}; touch /data/made; stat -c %u /data/made`,
    });
    const maps = [
      { containerID: 0, hostID: 50, size: 1 },
      { containerID: 1000, hostID: 0, size: 10 },
    ];
    place(c, bind(c, { uidMappings: maps, gidMappings: maps }));
    expect((await c.run()).output).toBe("0:1\n50:50\n0\n");
    expect(statSync(join(c.rootfs, "../data/made")).uid).toBe(1000);
  });

  test("without maps of its own it is mapped as the container's user namespace is", async () => {
    await using c = await inUserNamespace({ image: data, script: `${OWNERS}; id -u; touch /data/made` });
    place(c, bind(c, {}));
    expect((await c.run()).output).toBe("1000:1001\n0:0\n0\n");
    expect(statSync(join(c.rootfs, "../data/made")).uid).toBe(0);
  });

  test("in a user namespace that is joined by path too", async () => {
    await using holder = await holding("--user");
    const namespaces = [
      ...own("mount", "pid", "network", "ipc", "uts", "cgroup"),
      { type: "user" as const, path: `/proc/${holder.pid}/ns/user` },
    ];
    const linux = { namespaces, uidMappings: [], gidMappings: [] };
    await using c = await inUserNamespace({ image: data, linux, script: OWNERS });
    place(c, bind(c, {}));
    expect((await c.run()).output).toBe("1000:1001\n0:0\n");
  });

  test.each([
    ["idmap", "65534"],
    ["ridmap", "0"],
  ])("with %s what is mounted below belongs to %s", async (option, owner) => {
    await using c = await inUserNamespace({ image: data, script: "stat -c %u /data/below" });
    const below = join(c.rootfs, "../data/below");
    mkdirSync(join(c.rootfs, "../other"));
    await Bun.$`mount --bind ${join(c.rootfs, "../other")} ${below}`.quiet();
    try {
      place(c, bind(c, { options: ["rbind", option] }));
      expect((await c.run()).output).toBe(`${owner}\n`);
    } finally {
      await Bun.$`umount -l ${below}`.quiet();
    }
  });

  test("a file system that cannot do it is named as such", async () => {
    await using c = await inUserNamespace({});
    place(c, bind(c, { source: "/proc/tty" }));
    await expect(c.create()).rejects.toMatchObject({ code: "IDMAP_UNSUPPORTED", at: "/mounts/7" });
  });

  test("maps that nobody gave, one kind of maps, and mounts that are no binds are errors", async () => {
    for (const [mount, code] of [
      [{}, "MOUNT_INVALID"],
      [{ uidMappings: shifted }, "ID_MAPPING_INVALID"],
      [{ type: "tmpfs", options: ["idmap"], uidMappings: shifted, gidMappings: shifted }, "MOUNT_INVALID"],
    ] as const) {
      await using c = await testContainer({ image: data });
      place(c, bind(c, mount));
      await expect(c.create()).rejects.toMatchObject({ code });
    }
  });
});
