import { expect } from "bun:test";
import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inUserNamespace, namespaces, type Patch, withNamespaces } from "../suite/bundle.ts";
import { until } from "../suite/container.ts";
import { must, section, should } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";

/** namespaces(7): each type's file below /proc/<pid>/ns. */
const files: Readonly<Record<string, string>> = {
  pid: "pid",
  network: "net",
  mount: "mnt",
  ipc: "ipc",
  uts: "uts",
  user: "user",
  cgroup: "cgroup",
  time: "time",
};

function linkOf(type: string, pid: number | "self" = "self", file = files[type]): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${file}`);
  } catch (error) {
    // A new pid namespace has no link until its first process is born.
    if (file !== "pid_for_children") throw error;
    return linkOf(type);
  }
}

/** A process of the test's in new namespaces of its own; of a pid namespace it is the parent, not in it. */
async function holder(c: World, ...flags: string[]): Promise<number> {
  const child = Bun.spawn(["unshare", ...flags, "--pid", "--fork", "--kill-child", "sleep", "1000"]);
  c.undo(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  await until(() => linkOf("pid", child.pid, "pid_for_children") !== linkOf("pid"));
  return child.pid;
}

const others = (type: string) => namespaces.filter((one) => one.type !== type);

/** The container with a new namespace of the type, and whatever else that type needs. */
const inNew = (type: string): Patch =>
  type === "user" ? inUserNamespace : { linux: { namespaces: [...others(type), { type }] } };

const map = { containerID: 0, hostID: 100_000, size: 1000 };
const mappedBy = (change: Patch): Patch => ({ linux: { uidMappings: [{ ...map, ...change }] } });

/** config-linux.md: Default Filesystems, Namespaces, User namespace mappings, Offset for Time Namespace */
export const linuxNamespaces = [
  section("linux.filesystems", "Default Filesystems", {
    1: should(
      "The following filesystems SHOULD be made available in each container's filesystem:",
      async (c) => {
        // They are what config.json mounts: the runtime's own `spec` does, and the kernel's types are what is found there.
        expect(await c.runtime("spec", "--bundle", c.room)).toMatchObject({ code: 0 });
        const { mounts } = JSON.parse(readFileSync(join(c.room, "config.json"), "utf8"));
        const look = "awk '{print $2, $3}' /proc/self/mounts";
        const found = await c.inside(look, { mounts });
        for (const line of ["/proc proc", "/sys sysfs", "/dev/pts devpts", "/dev/shm tmpfs"])
          expect(found.split("\n")).toContain(line);
      },
    ),
  }),
  section("linux.namespaces", "Namespaces", {
    1: must("**`type`** *(string, REQUIRED)* - namespace type.", async (c) => {
      for (const type of [undefined, null, "", "nosuch", 5])
        expect(await c.refused(withNamespaces({ type }))).toContain("namespace");
    }),
    2: should("The following namespace types SHOULD be supported:", async (c) => {
      for (const [type, file] of Object.entries(files)) {
        const link = (await c.inside(`readlink /proc/self/ns/${file}`, inNew(type))).trim();
        expect(link).toStartWith(`${file}:`);
        expect(link).not.toBe(linkOf(type));
      }
    }),
    3: must("This value MUST be an absolute path in the runtime mount namespace.", async (c) => {
      for (const path of ["proc/self/ns/net", "./net", 5])
        expect(await c.refused(withNamespaces({ type: "network", path }))).toContain("namespace");
    }),
    4: must(
      "The runtime MUST place the container process in the namespace associated with that `path`.",
      async (c) => {
        const pid = await holder(c, "--net", "--ipc", "--uts", "--cgroup");
        for (const type of ["network", "ipc", "uts", "cgroup", "pid"]) {
          const file = type === "pid" ? "pid_for_children" : files[type];
          const path = `/proc/${pid}/ns/${file}`;
          const one = await c.created({ linux: { namespaces: [...others(type), { type, path }] } });
          expect(linkOf(type, await one.pid())).toBe(linkOf(type, pid, file));
        }
      },
    ),
    5: must(
      "The runtime MUST generate an error if `path` is not associated with a namespace of type `type`.",
      async (c) => {
        const pid = await holder(c, "--net", "--uts");
        const file = join(c.room, "file");
        writeFileSync(file, "");
        for (const path of [`/proc/${pid}/ns/uts`, file, c.room, "/nosuch"])
          expect(await c.refused(withNamespaces({ type: "network", path }))).toMatch(/namespace|nosuch/);
      },
    ),
    6: must(
      "If `path` is not specified, the runtime MUST create a new container namespace of type `type`.",
      async (c) => {
        const types = Object.keys(files).filter((type) => !["user", "time"].includes(type));
        const one = await c.created({ linux: { namespaces: types.map((type) => ({ type })) } });
        const pid = await one.pid();
        for (const type of types) expect(linkOf(type, pid)).not.toBe(linkOf(type));
      },
    ),
    7: must(
      "If a namespace type is not specified in the `namespaces` array, the container MUST inherit the runtime namespace of that type.",
      async (c) => {
        const one = await c.created({ linux: { namespaces: [{ type: "mount" }] } });
        const pid = await one.pid();
        for (const type of Object.keys(files))
          expect({ type, same: linkOf(type, pid) === linkOf(type) }).toEqual({
            type,
            same: type !== "mount",
          });
        const shared = await c.created({ mounts: [], linux: { namespaces: others("mount") } });
        expect(linkOf("mount", await shared.pid())).toBe(linkOf("mount"));
      },
    ),
    8: must(
      "If a `namespaces` field contains duplicated namespaces with same `type`, the runtime MUST generate an error.",
      async (c) => {
        expect(await c.refused(withNamespaces({ type: "network" }, { type: "network" }))).toContain(
          "network",
        );
        expect(await c.refused(withNamespaces({ type: "uts", path: "/proc/self/ns/uts" }))).toContain("uts");
      },
    ),
  }),
  section("linux.mappings", "User namespace mappings", {
    1: must(
      "**`containerID`** *(uint32, REQUIRED)* - is the starting uid/gid in the container.",
      async (c) => {
        const read = await c.inside("cat /proc/self/uid_map /proc/self/gid_map", inUserNamespace);
        expect(read.replace(/ +/g, " ")).toBe(" 0 100000 65536\n 0 100000 65536\n");
        for (const containerID of [undefined, -1, "0"])
          expect(await c.refused(inUserNamespace, mappedBy({ containerID }))).toMatch(/apping/);
      },
    ),
    2: must(
      "**`hostID`** *(uint32, REQUIRED)* - is the starting uid/gid on the host to be mapped to *containerID*.",
      async (c) => {
        const one = await c.created(inUserNamespace, { process: { user: { uid: 5, gid: 6 } } });
        expect(readFileSync(`/proc/${await one.pid()}/status`, "utf8")).toMatch(
          /^Uid:\t100005\t.*\nGid:\t100006\t/m,
        );
        for (const hostID of [undefined, -1, "0"])
          expect(await c.refused(inUserNamespace, mappedBy({ hostID }))).toMatch(/apping/);
      },
    ),
    3: must("**`size`** *(uint32, REQUIRED)* - is the number of ids to be mapped.", async (c) => {
      expect(await c.refused(inUserNamespace, { process: { user: { uid: 70_000 } } })).toMatch(/70000|user/);
      for (const size of [undefined, 0, -1, "1"])
        expect(await c.refused(inUserNamespace, mappedBy({ size }))).toMatch(/apping/);
    }),
    4: should(
      "The runtime SHOULD NOT modify the ownership of referenced filesystems to realize the mapping.",
      async (c) => {
        const one = await c.created(inUserNamespace);
        await one.start();
        expect(await Bun.$`find ${one.rootfs} -not -user root -o -not -group root`.text()).toBe("");
      },
    ),
  }),
  section("linux.time-offsets", "Offset for Time Namespace", {
    1: must("**`timeOffsets`** (object, OPTIONAL) sets the offset for Time Namespace.", async (c) => {
      const timeOffsets = { monotonic: { secs: 172_800, nanosecs: 5 }, boottime: { secs: 604_800 } };
      const patch = withNamespaces({ type: "time" });
      const said = await c.inside("cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime", patch, {
        linux: { timeOffsets },
      });
      const [monotonic = "", boottime = "", uptime = "0"] = said.split("\n");
      expect([monotonic, boottime].map((line) => line.trim().split(/\s+/))).toEqual([
        ["monotonic", "172800", "5"],
        ["boottime", "604800", "0"],
      ]);
      const host = Number(readFileSync("/proc/uptime", "utf8").split(".")[0]);
      expect(Number(uptime) - host).toBeWithin(604_799, 604_805);
    }),
    2: must("The name of the clock is the entry key.", async (c) => {
      const said = await c.refused(withNamespaces({ type: "time" }), {
        linux: { timeOffsets: { realtime: { secs: 1 } } },
      });
      expect(said).toContain("realtime");
      // Without a time namespace of the container's there is nothing to set.
      expect(await c.refused({ linux: { timeOffsets: { boottime: { secs: 1 } } } })).toContain("time");
    }),
  }),
];
