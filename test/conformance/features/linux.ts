import { expect } from "bun:test";
import { holding, mounted, namespaces, type Patch } from "../suite/bundle.ts";
import { must, section } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";
import { featuresOf } from "./output.ts";

/** What could not be run, with what was said: recognised means that each alone makes a container. */
async function unrecognised(
  c: World,
  names: readonly string[],
  patchOf: (name: string) => Patch,
): Promise<string[]> {
  const refused: string[] = [];
  for (const name of names) {
    const { code, stderr } = await c.container(patchOf(name), { process: { args: ["true"] } }).run();
    if (code !== 0 || /warn/i.test(stderr)) refused.push(`${name}: ${stderr}`);
  }
  return refused;
}

/** One that the container's program never asks for. */
const rule = (more: Patch): Patch => ({ names: ["swapon"], action: "SCMP_ACT_ERRNO", ...more });
const filtered = (seccomp: Patch): Patch => ({
  linux: { seccomp: { defaultAction: "SCMP_ACT_ALLOW", ...seccomp } },
});

const map = [{ containerID: 0, hostID: 0, size: 65536 }];

/** What a namespace needs besides its name. */
const besides: Readonly<Record<string, Patch>> = {
  // sysfs belongs to whom the network does.
  user: {
    uidMappings: map,
    gidMappings: map,
    namespaces: [...namespaces, { type: "user" }, { type: "network" }],
  },
};

/** Modes of set_mempolicy(2) that take no nodes. */
const nodeless = ["MPOL_DEFAULT", "MPOL_LOCAL"];

/** features-linux.md */
export const featuresLinux = [
  section("features-linux.namespaces", "Namespaces", {
    1: must(
      "The runtime MUST recognize the elements in this array as the `type` of `linux.namespaces` objects in `config.json`.",
      async (c) => {
        const { linux } = await featuresOf(c);
        const types = linux?.namespaces ?? [];
        expect(types).toContain("mount");
        const others = (type: string) => namespaces.filter((one) => one.type !== type);
        const refused = await unrecognised(c, types, (type) => ({
          linux: { namespaces: [...others(type), { type }], ...besides[type] },
        }));
        expect(refused).toEqual([]);
      },
    ),
  }),
  section("features-linux.capabilities", "Capabilities", {
    1: must(
      "The runtime MUST recognize the elements in this array in the `process.capabilities` object of `config.json`.",
      async (c) => {
        const all = (await featuresOf(c)).linux?.capabilities ?? [];
        expect(all).toHaveLength(41);
        expect(await c.inside("echo recognised", holding(...all))).toBe("recognised\n");
      },
    ),
  }),
  section("features-linux.seccomp", "Seccomp", {
    1: must(
      "The runtime MUST recognize the elements in this array in the `syscalls[].action` property of the `linux.seccomp` object in `config.json`.",
      async (c) => {
        const actions = (await featuresOf(c)).linux?.seccomp?.actions ?? [];
        expect(actions).toContain("SCMP_ACT_ERRNO");
        const refused = await unrecognised(
          c,
          actions.filter((action) => action !== "SCMP_ACT_NOTIFY"),
          (action) => filtered({ syscalls: [rule({ action })] }),
        );
        expect(refused).toEqual([]);
      },
    ),
    2: must(
      "The runtime MUST recognize the elements in this array in the `syscalls[].args[].op` property of the `linux.seccomp` object in `config.json`.",
      async (c) => {
        const operators = (await featuresOf(c)).linux?.seccomp?.operators ?? [];
        expect(operators).toHaveLength(7);
        const refused = await unrecognised(c, operators, (op) =>
          filtered({ syscalls: [rule({ args: [{ index: 0, value: 1, valueTwo: 1, op }] })] }),
        );
        expect(refused).toEqual([]);
      },
    ),
    3: must(
      "The runtime MUST recognize the elements in this array in the `architectures` property of the `linux.seccomp` object in `config.json`.",
      async (c) => {
        const archs = (await featuresOf(c)).linux?.seccomp?.archs ?? [];
        expect(archs).not.toEqual([]);
        const refused = await unrecognised(c, archs, (arch) =>
          filtered({ architectures: [arch], syscalls: [rule({})] }),
        );
        expect(refused).toEqual([]);
      },
    ),
    4: must(
      "The runtime MUST recognize the elements in this array in the `flags` property of the `linux.seccomp` object in `config.json`.",
      async (c) => {
        const flags = (await featuresOf(c)).linux?.seccomp?.knownFlags ?? [];
        expect(flags).toContain("SECCOMP_FILTER_FLAG_LOG");
        // It means something only to a filter with a listener, which linux.seccomp's own section has.
        const alone = flags.filter((flag) => flag !== "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
        expect(
          await unrecognised(c, alone, (flag) => filtered({ flags: [flag], syscalls: [rule({})] })),
        ).toEqual([]);
      },
    ),
    5: must(
      "The runtime MUST recognize and support the elements in this array in the `flags` property of the `linux.seccomp` object in `config.json`.",
      async (c) => {
        const { knownFlags = [], supportedFlags } = (await featuresOf(c)).linux?.seccomp ?? {};
        for (const flag of supportedFlags ?? []) expect(knownFlags).toContain(flag);
      },
    ),
  }),
  section("features-linux.memory-policy", "MemoryPolicy", {
    1: must(
      "The runtime MUST recognize the elements in this array as the `mode` of `linux.memoryPolicy` objects in `config.json`.",
      async (c) => {
        const modes = (await featuresOf(c)).linux?.memoryPolicy?.modes ?? [];
        expect(modes).toContain("MPOL_BIND");
        const refused = await unrecognised(c, modes, (mode) => ({
          linux: { memoryPolicy: { mode, ...(nodeless.includes(mode) ? {} : { nodes: "0" }) } },
        }));
        // "Includes policies that may not be supported by the host operating system": then it is the kernel that refuses.
        expect(refused.filter((line) => !line.includes("set_mempolicy: EINVAL"))).toEqual([]);
      },
    ),
    2: must(
      "The runtime MUST recognize the elements in this in the `flags` property of the `linux.memoryPolicy` object in `config.json`",
      async (c) => {
        const flags = (await featuresOf(c)).linux?.memoryPolicy?.flags ?? [];
        expect(flags).toContain("MPOL_F_STATIC_NODES");
        const refused = await unrecognised(c, flags, (flag) => ({
          linux: { memoryPolicy: { mode: "MPOL_BIND", nodes: "0", flags: [flag] } },
        }));
        expect(refused).toEqual([]);
      },
    ),
  }),
  section("features-linux.mount-extensions", "MountExtensions", {
    1: must(
      "In such cases, runtimes MUST still set this value to `true`, to indicate that the runtime recognises the `uidMappings` and `gidMappings` properties.",
      async (c) => {
        expect((await featuresOf(c)).linux?.mountExtensions?.idmap?.enabled).toBe(true);
        const ids = [{ containerID: 0, hostID: 1000, size: 10 }];
        const mount = {
          destination: "/mnt",
          source: c.room,
          options: ["bind", "idmap"],
          uidMappings: ids,
          gidMappings: ids,
        };
        expect(await c.inside("echo recognised", mounted(mount))).toBe("recognised\n");
      },
    ),
  }),
];
