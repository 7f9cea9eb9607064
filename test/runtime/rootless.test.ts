import { afterAll, describe, expect, test } from "bun:test";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { RuntimeSpec } from "../../src/oci/runtime-spec.ts";
import { readFacts } from "../../src/runtime/facts.ts";
import { canMapRanges, canRunRootless, openRoom, RANGE, USER } from "./unprivileged.ts";

const room = openRoom();
afterAll(() => room[Symbol.dispose]());

const withProcess = (more: object) => (spec: RuntimeSpec) =>
  ({ ...spec, process: { ...spec.process, ...more } }) as RuntimeSpec;
const withLinux = (more: object) => (spec: RuntimeSpec) =>
  ({ ...spec, linux: { ...spec.linux, ...more } }) as RuntimeSpec;

/** The pid of a container, as its state tells. */
const pidOf = async (id: string): Promise<number> => JSON.parse((await room.inro("state", id)).stdout).pid;

/** One that has ended may wait for the host's first process to take notice. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

describe.skipIf(!canRunRootless)("an unprivileged user", () => {
  test("runs a bundle as root of a user namespace with one id, and nothing stays", async () => {
    const { id, path } = await room.bundle(
      "id -u; cat /proc/self/uid_map /proc/self/setgroups; touch /made; echo x > /dev/null; ls /sys/class > /dev/null && echo seen",
    );
    const ran = await room.inro("run", "--bundle", path, id);
    expect({ ...ran, stdout: ran.stdout.replaceAll(/ +/g, " ") }).toEqual({
      code: 0,
      stdout: `0\n 0 ${USER} 1\ndeny\nseen\n`,
      stderr: "",
    });
    expect(statSync(join(path, "rootfs/made")).uid).toBe(USER);
    expect(readdirSync(join(room.path, "run/inro-runtime")).filter((name) => !name.startsWith("."))).toEqual(
      [],
    );
  });

  test("creates, starts, looks at, executes in, kills and deletes a container", async () => {
    const { id, path } = await room.bundle("touch /started; sleep 100");
    expect(await room.inro("create", "--bundle", path, id)).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(join(path, "rootfs/started"))).toBe(false);
    expect(statSync(join(room.path, "run/inro-runtime", id)).uid).toBe(USER);
    expect(await room.inro("start", id)).toMatchObject({ code: 0, stderr: "" });
    while (!existsSync(join(path, "rootfs/started"))) await Bun.sleep(2);
    const pid = await pidOf(id);
    expect(statSync(`/proc/${pid}`).uid).toBe(USER);
    const same =
      "for n in user pid mnt uts ipc cgroup; do [ $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) ] || echo $n; done; id -u";
    expect(await room.inro("exec", id, "sh", "-c", same)).toEqual({ code: 0, stdout: "0\n", stderr: "" });
    expect(await room.inro("kill", id, "KILL")).toMatchObject({ code: 0, stderr: "" });
    while (isAlive(pid)) await Bun.sleep(2);
    expect(await room.inro("delete", id)).toMatchObject({ code: 0, stderr: "" });
    expect((await room.inro("state", id)).code).toBe(1);
  }, 30_000);

  test("is told that a container without a cgroup has no limits to update and nothing to watch", async () => {
    const { id, path } = await room.bundle("sleep 100");
    expect(await room.inro("run", "--detach", "--bundle", path, id)).toMatchObject({ code: 0 });
    for (const words of [
      ["update", "--pids-limit", "10", id],
      ["events", "--stats", id],
      ["pause", id],
      ["ps", id],
    ])
      expect(await room.inro(...words)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("it has no cgroup"),
      });
    expect(await room.inro("delete", "--force", id)).toMatchObject({ code: 0 });
  }, 30_000);

  test("binds what is his, keeps what the host has locked, and joins what he made", async () => {
    const { id, path } = await room.bundle("sleep 100");
    await room.inro("run", "--detach", "--bundle", path, id);
    const pid = await pidOf(id);
    const other = await room.bundle("cat /data/file; readlink /proc/self/ns/user; touch /data/x", (spec) => ({
      ...spec,
      mounts: [
        ...(spec.mounts ?? []),
        { destination: "/data", type: "bind", source: "data", options: ["rbind", "ro"] },
      ],
      linux: {
        namespaces: (spec.linux?.namespaces ?? []).map((one) =>
          one.type === "user" ? { type: "user", path: `/proc/${pid}/ns/user` } : one,
        ),
      },
    }));
    mkdirSync(join(other.path, "data"));
    writeFileSync(join(other.path, "data/file"), "his\n");
    const users = (await Bun.$`readlink /proc/${pid}/ns/user`.text()).trim();
    const ran = await room.inro("run", "--bundle", other.path, other.id);
    expect(ran).toEqual({
      code: 1,
      stdout: `his\n${users}\ntouch: /data/x: Read-only file system\n`,
      stderr: "",
    });
    await room.inro("delete", "--force", id);
  }, 30_000);

  test("gets mounts of the host with the flags that the host has locked", async () => {
    const bind = (...options: string[]) =>
      room.bundle("grep ' /data ' /proc/self/mountinfo | cut -d' ' -f6", (spec) => ({
        ...spec,
        mounts: [
          ...(spec.mounts ?? []),
          {
            destination: "/data",
            type: "none",
            source: join(room.path, "locked"),
            options: ["rbind", ...options],
          },
        ],
      }));
    mkdirSync(join(room.path, "locked"), { recursive: true });
    await Bun.$`mount -t tmpfs -o ro,nosuid,nodev tmpfs ${room.path}/locked`.quiet();
    try {
      const kept = await bind("noexec");
      expect((await room.inro("run", "--bundle", kept.path, kept.id)).stdout).toBe(
        "ro,nosuid,nodev,noexec,relatime\n",
      );
      const opened = await bind("rw");
      expect(await room.inro("run", "--bundle", opened.path, opened.id)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("mount_setattr: EPERM"),
      });
    } finally {
      await Bun.$`umount -l ${room.path}/locked`.quiet();
    }
  });

  test("may raise the OOM score; what he may not have is kept as it is, or named", async () => {
    const raised = await room.bundle("cat /proc/self/oom_score_adj", withProcess({ oomScoreAdj: 400 }));
    expect((await room.inro("run", "--bundle", raised.path, raised.id)).stdout).toBe("400\n");
    const lowered = await room.bundle("cat /proc/self/oom_score_adj", withProcess({ oomScoreAdj: -400 }));
    expect((await room.inro("run", "--bundle", lowered.path, lowered.id)).stdout).toBe("0\n");
    const groups = await room.bundle("id -G", withProcess({ user: { uid: 0, gid: 0, additionalGids: [0] } }));
    expect(await room.inro("run", "--bundle", groups.path, groups.id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("in its user namespace nobody may set groups"),
    });
  });

  test("needs a user namespace, and a mapper for more than his own id", async () => {
    const none = await room.bundle("true", (spec) => ({
      ...spec,
      linux: { namespaces: (spec.linux?.namespaces ?? []).filter(({ type }) => type !== "user") },
    }));
    expect(await room.inro("run", "--bundle", none.path, none.id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("spec --rootless"),
    });
    const maps = [
      { containerID: 0, hostID: USER, size: 1 },
      { containerID: 1, hostID: RANGE, size: 100 },
    ];
    const range = await room.bundle("true", withLinux({ uidMappings: maps, gidMappings: maps }));
    expect(await room.inro("run", "--bundle", range.path, range.id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("newuidmap is not in $PATH"),
    });
    const foreign = [{ containerID: 0, hostID: 0, size: 1 }];
    const root = await room.bundle("true", withLinux({ uidMappings: foreign, gidMappings: foreign }));
    expect((await room.inro("run", "--bundle", root.path, root.id)).code).toBe(1);
  });

  test("has no cgroup where none was delegated to him, and is told so when he asks for a limit", async () => {
    const { id, path } = await room.bundle("true", withLinux({ resources: { memory: { limit: 1 << 26 } } }));
    expect(await room.inro("run", "--bundle", path, id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/memory/),
    });
  });

  test("limits what was delegated to him", async () => {
    const { hierarchies } = readFacts();
    const home = hierarchies.list.find(({ controllers }) => controllers.includes("pids"));
    const folder = `${home?.mount}/inro-test-rootless`;
    mkdirSync(folder, { recursive: true });
    if (home?.version === 2) writeFileSync(`${home.mount}/cgroup.subtree_control`, "+pids");
    for (const name of [".", "cgroup.procs", "tasks", "cgroup.subtree_control", "cgroup.threads"]) {
      if (existsSync(join(folder, name))) chownSync(join(folder, name), USER, USER);
    }
    try {
      const cgroupsPath = "/inro-test-rootless/c";
      const { id, path } = await room.bundle(
        "cut -d: -f2- /proc/self/cgroup | grep pids; sh -c 'sleep 1 & sleep 1 & sleep 1 & wait' 2>&1 | tail -n 1",
        withLinux({ cgroupsPath, resources: { pids: { limit: 3 } } }),
      );
      // cgroup-v2.rst, "Delegation Containment": who moves a process owns a cgroup above both places.
      mkdirSync(`${folder}/self`);
      const ran = await room.inroIn(`${folder}/self`, "run", "--bundle", path, id);
      expect(ran).toMatchObject({ stdout: expect.stringContaining("can't fork"), stderr: "" });
      expect(existsSync(`${folder}/c`)).toBe(false);
    } finally {
      for (const path of [`${folder}/self`, folder]) rmdirSync(path);
    }
  });
});

describe.skipIf(!canMapRanges)("with newuidmap and newgidmap", () => {
  const mapped = openRoom("with mappers");
  afterAll(() => mapped[Symbol.dispose]());
  const maps = [
    { containerID: 0, hostID: USER, size: 1 },
    { containerID: 1, hostID: RANGE, size: 65_536 },
  ];

  test("ranges of ids are mapped, and groups can be set", async () => {
    const { id, path } = await mapped.bundle(
      "cat /proc/self/uid_map; id -u; id -G; chown 5:6 /tmp && stat -c %u:%g /tmp",
      (spec) => ({
        ...withLinux({ uidMappings: maps, gidMappings: maps })(spec),
        process: {
          ...withProcess({ user: { uid: 0, gid: 7, additionalGids: [7, 9] } })(spec).process,
          capabilities: { bounding: ["CAP_CHOWN"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"] },
        } as never,
      }),
    );
    const ran = await mapped.inro("run", "--bundle", path, id);
    expect({ ...ran, stdout: ran.stdout.replaceAll(/ +/g, " ") }).toEqual({
      code: 0,
      stdout: ` 0 ${USER} 1\n 1 ${RANGE} 65536\n0\n7 9\n5:6\n`,
      stderr: "",
    });
    expect(statSync(join(path, "rootfs/tmp")).uid).toBe(RANGE + 4);
  });

  test("another user of the range is started, executed and killed", async () => {
    const change = (spec: RuntimeSpec) =>
      withProcess({ user: { uid: 1000, gid: 1000 } })(
        withLinux({ uidMappings: maps, gidMappings: maps })(spec),
      );
    const { id, path } = await mapped.bundle("sleep 100", change);
    expect(await mapped.inro("run", "--detach", "--bundle", path, id)).toMatchObject({ code: 0, stderr: "" });
    const { pid } = JSON.parse((await mapped.inro("state", id)).stdout);
    expect(statSync(`/proc/${pid}`).uid).toBe(RANGE + 999);
    expect(await mapped.inro("exec", id, "id", "-u")).toEqual({ code: 0, stdout: "1000\n", stderr: "" });
    expect(await mapped.inro("delete", "--force", id)).toMatchObject({ code: 0, stderr: "" });
    expect(isAlive(pid)).toBe(false);
  }, 30_000);

  test("ids that were not given are refused by them, in their words", async () => {
    const more = [...maps, { containerID: 100_000, hostID: 1, size: 1 }];
    const { id, path } = await mapped.bundle("true", withLinux({ uidMappings: more, gidMappings: more }));
    expect(await mapped.inro("run", "--bundle", path, id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /newgidmap: .*not allowed[\s\S]*the program that maps refused, with exit code 1/,
      ),
    });
    expect(readFileSync("/etc/passwd", "utf8")).not.toContain("tester");
  });
});

/** As a rootless engine calls its runtime: root of a user namespace, of mounts and of a network of its own. */
describe.skipIf(!canRunRootless)("root of a user namespace that is there already", () => {
  async function inside(...words: string[]) {
    const holder = Bun.spawn(
      ["unshare", "--user", "--mount", "--net", "sh", "-c", "echo ready; exec sleep 100"],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    try {
      await holder.stdout.getReader().read();
      for (const map of ["gid_map", "uid_map"])
        writeFileSync(`/proc/${holder.pid}/${map}`, `0 ${USER} 1\n1 ${RANGE} 65536\n`);
      const enter = ["nsenter", `--target=${holder.pid}`, "--user", "--mount", "--net", "-S", "0", "-G", "0"];
      const child = Bun.spawn([...enter, "sh", "-c", 'exec 2>&1; exec "$@"', "sh", ...words], {
        stdio: ["ignore", "pipe", "inherit"],
        timeout: 20_000,
      });
      const [output, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
      return { output, code };
    } finally {
      holder.kill(9);
      await holder.exited;
    }
  }

  const program = () => [join(room.path, "bin/inro-runtime"), "--root", join(room.path, "run/inside"), "run"];
  const flat = (spec: RuntimeSpec): RuntimeSpec => {
    const { uidMappings: _, gidMappings: __, ...linux } = spec.linux ?? {};
    const namespaces = (linux.namespaces ?? []).filter(({ type }) => type !== "user");
    return { ...spec, linux: { ...linux, namespaces } } as RuntimeSpec;
  };

  test("runs a container without one of its own", async () => {
    const script = "id -u; echo x > /dev/null; readlink /proc/self/ns/user; mount | grep -c ' /dev/zero '";
    const { id, path } = await room.bundle(script, flat);
    const { output, code } = await inside(...program(), "--bundle", path, id);
    expect(output).toMatch(/^0\nuser:\[\d+\]\n1\n$/);
    expect(output).not.toContain((await Bun.$`readlink /proc/self/ns/user`.text()).trim());
    expect(code).toBe(0);
  }, 30_000);

  test("and one with another below it, with ids of its own", async () => {
    // user_namespaces(7): a range has to lie within one of the namespace above.
    const maps = [
      { containerID: 0, hostID: 0, size: 1 },
      { containerID: 1, hostID: 1, size: 99 },
    ];
    const { id, path } = await room.bundle("cat /proc/self/uid_map; id -G", (spec) => ({
      ...withProcess({ user: { uid: 0, gid: 0, additionalGids: [5] }, oomScoreAdj: 100 })(spec),
      linux: { ...spec.linux, uidMappings: maps, gidMappings: maps },
    }));
    const { output, code } = await inside(...program(), "--bundle", path, id);
    expect(output.replaceAll(/ +/g, " ")).toBe(" 0 0 1\n 1 1 99\n0 5\n");
    expect(code).toBe(0);
  }, 30_000);
});
