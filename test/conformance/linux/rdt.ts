import { expect } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Patch } from "../suite/bundle.ts";
import { binds, must, type Need, section, unproven } from "../suite/requirement.ts";

const mounted = readFileSync("/proc/self/mounts", "utf8").includes(" resctrl ");
const noResctrl: Need = { name: "a host without resctrl", met: !mounted };
const rdt = (intelRdt: Patch): Patch => ({ linux: { intelRdt } });
const policy = (memoryPolicy: Patch): Patch => ({ linux: { memoryPolicy } });

/** Intel RDT is not offered: `features` says so, and whoever asks for it is refused, whatever the host has. */
const offered = (quote: string) => unproven(quote, "Intel RDT is not offered, and refused");

const rules = [
  "If both `l3CacheSchema` and `memBwSchema` are set, runtimes MUST write the values to the `schemata` file in that sub-directory discussed in `closID`.",
  "The runtimes MUST write `l3CacheSchema` first and `memBwSchema` last.",
  "If either `l3CacheSchema` or `memBwSchema` is set, runtimes MUST write the value to the `schemata` file in the that sub-directory discussed in `closID`.",
  "If `schemata` field is set, runtimes MUST write the value to the `schemata` file in the that sub-directory discussed in `closID`.",
  "If also `l3CacheSchema` or `memBwSchema` is set the value of `schemata` field must be written last, after the values from `l3CacheSchema` and `memBwSchema` has been written.",
  "If `closID` is not set, runtimes MUST use the container ID from `start` and create the `<container-id>` directory.",
  "if `closID` directory in a mounted `resctrl` pseudo-filesystem doesn't exist, the runtimes MUST create it.",
  "if `closID` directory in a mounted `resctrl` pseudo-filesystem exists, runtimes MUST compare `l3CacheSchema` and/or `memBwSchema` value with `schemata` file, and generate an error if doesn't match.",
  "If `closID` is set, and none of `l3CacheSchema`, `memBwSchema` or `schemata` are set, runtime MUST check if corresponding pre-configured directory `closID` is present in mounted `resctrl`.",
  "If such pre-configured directory `closID` exists, runtime MUST assign container to this `closID` and generate an error if directory does not exist.",
  "If `closID` is not set and the runtime has created the sub-directory, the runtime MUST remove the sub-directory when the container is deleted.",
  "If `enableMonitoring` is set, the runtime MUST create a dedicated MON group for the container.",
  "The runtime MUST use the container ID from `start` as the name of the MON group, i.e. create `mon_groups/<container-id>/` subdirectory under the top-level CTRL_MON group (named after `closID` or `<container-id>`, see above).",
  "The runtime MUST delete the MON group after the container is deleted.",
];

/** config-linux.md: IntelRdt, Memory policy */
export const rdtAndPolicy = [
  section("linux.rdt", "IntelRdt", {
    1: offered(
      "If `intelRdt` is set, the runtime MUST write the container process ID to the `tasks` file in a proper sub-directory in a mounted `resctrl` pseudo-filesystem.",
    ),
    2: must(
      "If no mounted `resctrl` pseudo-filesystem is available in the runtime mount namespace, the runtime MUST generate an error.",
      async (c) => {
        for (const wanted of [
          {},
          { closID: "group" },
          { l3CacheSchema: "L3:0=f" },
          { enableMonitoring: true },
        ])
          expect(await c.refused(rdt(wanted))).toMatch(/RDT|intelRdt|resctrl/);
      },
      { needs: noResctrl },
    ),
    3: must(
      "If `intelRdt` is not set, the runtime MUST NOT manipulate any `resctrl` pseudo-filesystems.",
      async (c) => {
        // Were it looked for at its usual place, this could not be passed over: a file system that answers nothing but errors.
        c.beforehand("mount -t tmpfs -o size=4k,ro none /sys/fs/resctrl 2>/dev/null || true");
        expect(await c.inside("echo untouched")).toBe("untouched\n");
      },
    ),
    4: offered(
      "As a special case, value `/` means that the container MUST be assigned to the default CLOS (the root of the resctrl filesystem).",
    ),
    5: binds("who writes config.json", "The value SHOULD start with `L3:` and SHOULD NOT contain newlines."),
    6: binds("who writes config.json", "The value MUST start with `MB:` and MUST NOT contain newlines."),
    7: binds("who writes config.json", "The value MUST NOT contain newlines."),
    8: offered("The following rules on parameters MUST be applied:"),
    ...Object.fromEntries(rules.map((quote, index) => [index + 9, offered(quote)])),
    23: must(
      "If creation of the MON group fails (e.g. the maximum number of MON groups is reached) the runtime MUST return an error.",
      async (c) => {
        // None is ever created.
        for (const wanted of [{ enableMonitoring: true }, { closID: "group", enableMonitoring: true }])
          expect(await c.refused(rdt(wanted))).toMatch(/RDT|intelRdt|resctrl/);
      },
    ),
    24: must(
      "If none of `l3CacheSchema`, `memBwSchema` or `schemata` is set, runtimes MUST NOT write to `schemata` files in any `resctrl` pseudo-filesystems.",
      async (c) => {
        expect(await c.refused(rdt({ closID: "group" }))).toMatch(/RDT|intelRdt|resctrl/);
      },
      { needs: noResctrl },
    ),
    25: must(
      "If `closID` is set or the runtime has not created the sub-directory, the runtime MUST NOT remove the sub-directory when the container is deleted.",
      async (c) => {
        const tree = join(c.room, "resctrl");
        mkdirSync(join(tree, "group"), { recursive: true });
        c.beforehand(`! test -d /sys/fs/resctrl || mount --bind ${tree} /sys/fs/resctrl`);
        const one = c.container(rdt({ closID: "group" }));
        expect(await one.create()).toMatchObject({ code: 1 });
        await one.delete("--force");
        expect(readdirSync(tree)).toEqual(["group"]);
      },
    ),
  }),
  section("linux.memory-policy", "Memory policy", {
    1: must("**`mode`** *(string, REQUIRED)* -", async (c) => {
      const look = "head -1 /proc/self/numa_maps | cut -d' ' -f2";
      const modes = {
        MPOL_DEFAULT: ["", "default"],
        MPOL_LOCAL: ["", "local"],
        MPOL_BIND: ["0", "bind:0"],
        MPOL_INTERLEAVE: ["0", "interleave:0"],
        MPOL_PREFERRED: ["0", "prefer:0"],
      };
      for (const [mode, [nodes, said]] of Object.entries(modes))
        expect(await c.inside(look, policy(nodes === "" ? { mode } : { mode, nodes }))).toBe(`${said}\n`);
      for (const mode of [undefined, "", "MPOL_NOSUCH", 5])
        expect(await c.refused(policy({ mode }))).toContain("memoryPolicy");
    }),
    2: must(
      "**`flags`** *(array of strings, OPTIONAL)* - list of flags to use with set_mempolicy(2).",
      async (c) => {
        const look = "head -1 /proc/self/numa_maps | cut -d' ' -f2";
        const wanted = { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] };
        expect(await c.inside(look, policy(wanted))).toBe("bind=static:0\n");
        expect(await c.refused(policy({ ...wanted, flags: ["MPOL_F_NOSUCH"] }))).toContain("memoryPolicy");
      },
    ),
  }),
];
