import { expect } from "bun:test";
import { mounted } from "../suite/bundle.ts";
import { phases, shell } from "../suite/hooks.ts";
import { as, binds, must, section, should } from "../suite/requirement.ts";
import { breaches } from "../suite/schema.ts";
import { type Features, featuresOf } from "./output.ts";

/** features.md, features-linux.md: all that version 1.3 names. */
const PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  "": [
    "ociVersionMin",
    "ociVersionMax",
    "hooks",
    "mountOptions",
    "linux",
    "annotations",
    "potentiallyUnsafeConfigAnnotations",
  ],
  linux: [
    ...["namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "memoryPolicy", "intelRdt"],
    ...["mountExtensions", "netDevices"],
  ],
  "linux.cgroup": ["v1", "v2", "systemd", "systemdUser", "rdma"],
  "linux.seccomp": ["enabled", "actions", "operators", "archs", "knownFlags", "supportedFlags"],
  "linux.apparmor": ["enabled"],
  "linux.selinux": ["enabled"],
  "linux.memoryPolicy": ["modes", "flags"],
  "linux.intelRdt": ["enabled", "schemata", "monitoring"],
  "linux.mountExtensions": ["idmap"],
  "linux.mountExtensions.idmap": ["enabled"],
  "linux.netDevices": ["enabled"],
};

function unknownProperties(value: unknown, at = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = at === "" ? name : `${at}.${name}`;
    if (at === "annotations") return [];
    return PROPERTIES[at]?.includes(name) === true ? unknownProperties(inner, path) : [path];
  });
}

const order = (version: string): number[] => version.split(/[.-]/).slice(0, 3).map(Number);

/** A mount that means something with this option. */
function mountWith(option: string, room: string) {
  const mapped = option === "idmap" || option === "ridmap";
  const ids = [{ containerID: 0, hostID: 1000, size: 10 }];
  const binds = /bind|private|slave|shared|^r(?!o$|w$|elatime$|emount$)/.test(option) || mapped;
  return {
    ...(binds ? { source: room, options: ["bind", option] } : { type: "tmpfs", options: [option] }),
    ...(mapped ? { uidMappings: ids, gidMappings: ids } : {}),
    // There has to be one that is mounted again.
    destination: option === "remount" ? "/dev/shm" : `/mnt/${option}`,
  };
}

/** features.md */
export const features = [
  section("features.structure", "Features Structure", {
    1: should(
      "Hence, the content of the Features structure SHOULD be determined on the compilation time of the runtime, not on the execution time.",
      async (c) => {
        const here = await c.runtime("features");
        const script = `umount -l /sys; mount -t tmpfs none /proc/sys; exec "$0" --root ${c.room}/other features`;
        const words = [
          "unshare",
          "--mount",
          "sh",
          "-c",
          script,
          `${import.meta.dir}/../../../build/inro-runtime`,
        ];
        expect(await Bun.$`${words}`.text()).toBe(here.stdout);
      },
    ),
    2: binds(
      "who reads it",
      'The `null` value MUST NOT be confused with an empty value such as `0`, `false`, `""`, `[]`, and `{}`.',
    ),
  }),
  section("features.version", "Specification version", {
    1: must(
      "**`ociVersionMin`** (string, REQUIRED) The minimum recognized version of the Open Container Initiative Runtime Specification.",
      async (c) => {
        const { ociVersionMin } = await featuresOf(c);
        expect(await c.inside("echo accepted", { ociVersion: ociVersionMin })).toBe("accepted\n");
      },
    ),
    2: as(
      "features.version.1",
      "The runtime MUST accept this value as the `ociVersion` property of `config.json`.",
    ),
    3: must(
      "**`ociVersionMax`** (string, REQUIRED) The maximum recognized version of the Open Container Initiative Runtime Specification. The runtime MUST accept this value as the `ociVersion` property of `config.json`.",
      async (c) => {
        const { ociVersionMax } = await featuresOf(c);
        expect(await c.inside("echo accepted", { ociVersion: ociVersionMax })).toBe("accepted\n");
      },
    ),
    4: must("The value MUST NOT be less than the value of the `ociVersionMin` property.", async (c) => {
      const { ociVersionMin, ociVersionMax } = await featuresOf(c);
      expect([ociVersionMax, ociVersionMin].map(order).sort((a, b) => (a < b ? -1 : 1))[0]).toEqual(
        order(ociVersionMin),
      );
    }),
    5: must(
      "The Features structure MUST NOT contain properties that are not defined in this version of the Open Container Initiative Runtime Specification.",
      async (c) => {
        const all = await featuresOf(c);
        expect(unknownProperties(all)).toEqual([]);
        expect(breaches("features-schema.json", all)).toEqual([]);
      },
    ),
  }),
  section("features.hooks", "Hooks", {
    1: must(
      "The runtime MUST support the elements in this array as the `hooks` property of `config.json`.",
      async (c) => {
        const { hooks = [] } = await featuresOf(c);
        expect(hooks).toEqual(phases);
        for (const phase of hooks)
          expect(await c.inside("echo ran", { hooks: { [phase]: [shell("exit 0")] } })).toBe("ran\n");
      },
    ),
  }),
  section("features.mount-options", "Mount Options", {
    1: must(
      "The runtime MUST recognize the elements in this array as the `options` of `mounts` objects in `config.json`.",
      async (c) => {
        const { mountOptions = [] } = await featuresOf(c);
        expect(mountOptions).toContain("rro");
        const wanted = mountOptions.map((option) => mountWith(option, c.room));
        expect(await c.inside("echo recognised", mounted(...wanted))).toBe("recognised\n");
      },
    ),
    2: should(
      "Linux: this array SHOULD NOT contain filesystem-specific mount options that are passed to the mount(2) syscall as `const void *data`.",
      async (c) => {
        const { mountOptions } = await featuresOf(c);
        const specific = [
          "size",
          "mode",
          "uid",
          "gid",
          "acl",
          "noacl",
          "newinstance",
          "ptmxmode",
          "hidepid",
          "lowerdir",
        ];
        expect(mountOptions?.filter((option) => specific.includes(option) || option.includes("="))).toEqual(
          [],
        );
      },
    ),
  }),
  section("features.annotations", "Annotations", {
    1: must(
      "Annotations MUST be a key-value map that follows the same convention as the Key and Values of the `annotations` property of `config.json`.",
      async (c) => {
        const { annotations = {} }: Features = await featuresOf(c);
        for (const [key, value] of Object.entries(annotations)) {
          expect(key).toMatch(/^[a-z0-9]+(\.[a-z0-9]+)+/);
          expect(value).toBeString();
        }
      },
    ),
  }),
];
