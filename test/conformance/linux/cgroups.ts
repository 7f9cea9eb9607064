import { expect } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { holding, inUserNamespace, mounts, type Patch } from "../suite/bundle.ts";
import { cgroupOf, onV1, onV2 } from "../suite/cgroups.ts";
import type { Container } from "../suite/container.ts";
import { as, must, section, should } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";

const at = (cgroupsPath: Patch[string]): Patch => ({ linux: { cgroupsPath } });
const resources = (wanted: Patch): Patch => ({ linux: { resources: wanted } });

/** In a user namespace the kernel mounts no sysfs where a part of the host's is covered, as one test does. */
const bare = mounts.map((one) => (one.destination === "/sys" ? { destination: "/sys", type: "tmpfs" } : one));

/** A user namespace, a cgroup namespace, and the cgroup mounted there. */
function delegated(...options: string[]): Patch[] {
  const mount = { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options };
  const namespaces = [
    ...(inUserNamespace["linux"] as { namespaces: Patch[] }).namespaces,
    { type: "cgroup" },
  ];
  return [inUserNamespace, { mounts: [...bare, mount] as unknown as Patch[], linux: { namespaces } }];
}

/** The owners of the container's cgroup and of the files in it: uid of the host by name, the folder as ".". */
async function ownersOf(one: Container): Promise<Record<string, number>> {
  const folder = cgroupOf(await one.pid(), "pids");
  const names = [".", ...readdirSync(folder)];
  return Object.fromEntries(names.map((name) => [name, statSync(join(folder, name)).uid]));
}

const strangers = async (c: World, ...patches: readonly Patch[]): Promise<string[]> =>
  Object.entries(await ownersOf(await c.created(...patches)))
    .filter(([, uid]) => uid !== 0)
    .map(([name]) => name)
    .sort();

const DELEGATE = "/sys/kernel/cgroup/delegate";

/** config-linux.md: Control groups, Cgroups Path, Cgroup ownership, Allowed Device list */
export const cgroups = [
  section("linux.cgroups", "Control groups", {
    1: must(
      "A runtime MAY, during a particular container operation, such as create, start, or exec, check if the container cgroup is fit for purpose, and MUST generate an error if such a check fails.",
      async (c) => {
        // The check is that no other container is in it.
        const one = await c.created();
        expect(await c.refused(at(one.config().linux?.cgroupsPath))).toMatch(/cgroup/);
        expect((await one.state())?.status).toBe("created");
      },
    ),
  }),
  section("linux.cgroups.path", "Cgroups Path", {
    1: must("The value of `cgroupsPath` MUST be either an absolute path or a relative path.", async (c) => {
      const one = c.container();
      const path = one.config().linux?.cgroupsPath ?? "";
      one.configure(at(path.slice(1)));
      expect(await one.create()).toMatchObject({ code: 0 });
      expect(readFileSync(`/proc/${await one.pid()}/cgroup`, "utf8")).toContain(`${path}\n`);
      expect(await c.refused(at(5))).toContain("cgroupsPath");
    }),
    2: must(
      "In the case of an absolute path (starting with `/`), the runtime MUST take the path to be relative to the cgroups mount point.",
      async (c) => {
        const one = await c.created();
        const path = one.config().linux?.cgroupsPath ?? "";
        expect(cgroupOf(await one.pid(), "pids")).toEndWith(path);
        expect(readFileSync(join(cgroupOf(await one.pid(), "pids"), "cgroup.procs"), "utf8")).toBe(
          `${await one.pid()}\n`,
        );
      },
    ),
    3: must(
      "If the value is specified, the runtime MUST consistently attach to the same place in the cgroups hierarchy given the same value of `cgroupsPath`.",
      async (c) => {
        const one = await c.created();
        const first = readFileSync(`/proc/${await one.pid()}/cgroup`, "utf8");
        await one.delete("--force");
        await one.create();
        expect(readFileSync(`/proc/${await one.pid()}/cgroup`, "utf8")).toBe(first);
      },
    ),
    4: must(
      "Runtimes MAY consider certain `cgroupsPath` values to be invalid, and MUST generate an error if this is the case.",
      async (c) => {
        for (const path of ["/../up", "a/../../b", "..", "/a/../b"])
          expect(await c.refused(at(path))).toMatch(/cgroup/);
      },
    ),
    5: must("The cgroups will be created if they don't exist.", async (c) => {
      const one = c.container();
      const deep = `${one.config().linux?.cgroupsPath}/a/b`;
      one.configure(at(deep));
      expect(await one.create()).toMatchObject({ code: 0 });
      expect(cgroupOf(await one.pid(), "pids")).toEndWith(deep);
      await one.delete("--force");
      // Only the last one is the container's own.
      c.undo(() => removeParents(one));
    }),
  }),
  section("linux.cgroups.owner", "Cgroup ownership", {
    1: should(
      "Runtimes SHOULD NOT change the ownership of container cgroups when cgroups v1 is in use.",
      async (c) => {
        expect(await strangers(c, ...delegated("rw"))).toEqual([]);
      },
      { needs: onV1 },
    ),
    2: should(
      "A runtime SHOULD NOT change the ownership of a container cgroup unless it will also create a new cgroup namespace for the container.",
      async (c) => {
        const [user = {}, mount = {}] = delegated("rw");
        const { namespaces } = inUserNamespace["linux"] as { namespaces: Patch[] };
        expect(await strangers(c, user, mount, { linux: { namespaces } }).catch(() => [])).toEqual([]);
      },
      { needs: onV2 },
    ),
    3: should(
      "Runtimes SHOULD change the cgroup ownership if and only if the cgroup filesystem is to be mounted read/write; that is, when the configuration's `mounts` array contains an object where:",
      async (c) => {
        const owners = await ownersOf(
          await c.created(...delegated("rw"), { process: { user: { uid: 7, gid: 0 } } }),
        );
        expect(owners["."]).toBe(100_007);
        expect(owners["cgroup.procs"]).toBe(100_007);
        expect(await strangers(c, ...delegated("ro"))).toEqual([]);
      },
      { needs: onV2 },
    ),
    4: should(
      "If the configuration does not specify such a mount, the runtime SHOULD NOT change the cgroup ownership.",
      async (c) => {
        expect(await strangers(c, inUserNamespace)).toEqual([]);
      },
    ),
    5: should(
      "A runtime that changes the cgroup ownership SHOULD only change the ownership of the container's cgroup directory and files within that directory that are listed in `/sys/kernel/cgroup/delegate`.",
      async (c) => {
        const listed = readFileSync(DELEGATE, "utf8").split("\n").filter(Boolean);
        const changed = await strangers(c, ...delegated("rw"));
        expect(changed).toContain(".");
        expect(changed.filter((name) => name !== "." && !listed.includes(name))).toEqual([]);
      },
      { needs: onV2 },
    ),
    6: must(
      "Runtimes MUST NOT fail in this scenario, and SHOULD change the ownership of the listed files that do exist in the cgroup.",
      async (c) => {
        const listed = readFileSync(DELEGATE, "utf8").split("\n").filter(Boolean);
        const owners = await ownersOf(await c.created(...delegated("rw")));
        // Not all that are listed are there: memory.oom.group only with the memory controller.
        const there = listed.filter((name) => name in owners);
        for (const name of there) expect({ name, uid: owners[name] }).toEqual({ name, uid: 100_000 });
      },
      { needs: onV2 },
    ),
    7: must(
      "If the `/sys/kernel/cgroup/delegate` file does not exist, the runtime MUST fall back to using the following list of files:",
      async (c) => {
        c.beforehand("mount -t tmpfs none /sys/kernel/cgroup");
        expect(await strangers(c, ...delegated("rw"))).toEqual([
          ".",
          "cgroup.procs",
          "cgroup.subtree_control",
          "cgroup.threads",
        ]);
      },
      { needs: onV2 },
    ),
    8: as("linux.cgroups.owner.5", "The runtime SHOULD NOT change the ownership of any other files."),
  }),
  section("linux.cgroups.devices", "Allowed Device list", {
    1: must("The runtime MUST apply entries in the listed order.", async (c) => {
      const node = { devices: [{ type: "c", path: "/dev/log", major: 1, minor: 11 }] };
      const rule = (allow: boolean) => ({ allow, type: "c", major: 1, minor: 11, access: "rwm" });
      const none = { allow: false, access: "rwm" };
      const open = "(: </dev/log) 2>/dev/null && echo opened || echo refused";
      const under = (...list: Patch[]) =>
        c.inside(open, holding("CAP_SYSLOG"), { linux: node }, resources({ devices: list }));
      expect(await under(none, rule(true))).toBe("opened\n");
      expect(await under(rule(true), none)).toBe("refused\n");
      expect(await under(none, rule(true), rule(false))).toBe("refused\n");
      expect(await under(none, rule(false), rule(true))).toBe("opened\n");
    }),
    2: must("**`allow`** *(boolean, REQUIRED)* - whether the entry is allowed or denied.", async (c) => {
      for (const allow of [undefined, null, "true", 1])
        expect(await c.refused(resources({ devices: [{ allow, access: "rwm" }] }))).toContain("device");
    }),
    // Making nodes is let through by the rules that every container has: what they lead to is not.
    3: must("A composition of `r` (read), `w` (write), and `m` (mknod).", async (c) => {
      const list = (access: string) =>
        resources({
          devices: [
            { allow: false, access: "rwm" },
            { allow: true, type: "c", major: 1, minor: 11, access },
          ],
        });
      const node = { linux: { devices: [{ type: "c", path: "/mnt/log", major: 1, minor: 11 }] } };
      const probe = "(: </mnt/log) 2>/dev/null && echo r; (: >/mnt/log) 2>/dev/null && echo w; true";
      expect(await c.inside(probe, holding("CAP_MKNOD", "CAP_SYSLOG"), node, list("r"))).toBe("r\n");
      expect(await c.inside(probe, holding("CAP_MKNOD", "CAP_SYSLOG"), node, list("wm"))).toBe("w\n");
      expect(await c.refused(list("rx"))).toContain("access");
    }),
  }),
];

/** The folders above the container's own that `cgroupsPath` named: they are not the container's to remove. */
function removeParents(one: Container): void {
  const path = one.config().linux?.cgroupsPath ?? "";
  const hierarchies = ["", ...readdirSync("/sys/fs/cgroup")].map((name) => join("/sys/fs/cgroup", name));
  for (const hierarchy of hierarchies) {
    for (const folder of [path.replace(/\/b$/, ""), path.replace(/\/a\/b$/, "")].map((part) =>
      join(hierarchy, part),
    ))
      if (existsSync(folder)) rmdirSync(folder);
  }
}
