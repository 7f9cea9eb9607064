import { expect } from "bun:test";
import { join } from "node:path";
import { featuresOf } from "../features/output.ts";
import { inUserNamespace, mounted, type Patch } from "../suite/bundle.ts";
import { type Mounted, readMounts } from "../suite/mountinfo.ts";
import { as, type Body, binds, must, type Requirement, section, should } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";
import { owned } from "./mounts.ts";

const MNT = "/mnt";

/** What the container's mount table says of the mounts at and below /mnt. */
async function mountsOf(c: World, ...more: readonly Patch[]): Promise<Mounted[]> {
  const all = readMounts(await c.inside("cat /proc/self/mountinfo", mounted(...more)));
  return all.filter(({ path }) => path.startsWith(MNT));
}

/** A new tmpfs with these options, as its last mount (a remount makes no other) is. */
async function tmpfsWith(c: World, ...options: readonly string[]): Promise<Mounted | undefined> {
  return (await mountsOf(c, { destination: MNT, type: "tmpfs", options })).at(-1);
}

/** Every word that a tmpfs with these options has. */
async function wordsOf(c: World, options: readonly string[]): Promise<readonly string[]> {
  const mount = await tmpfsWith(c, ...options);
  return [...(mount?.options ?? []), ...(mount?.superOptions ?? [])];
}

/** Switches the word on. */
const gives =
  (option: string, word = option): Body =>
  async (c) =>
    expect(await wordsOf(c, [option])).toContain(word);

/** Takes the word away again that the other option switched on. */
const takes =
  (option: string, from: string, word = from): Body =>
  async (c) =>
    expect(await wordsOf(c, [from, option])).not.toContain(word);

/** Says nothing that can be seen; it has to be understood, and not be handed to the file system, which knows it not. */
const accepted =
  (option: string): Body =>
  async (c) =>
    expect((await tmpfsWith(c, option))?.type).toBe("tmpfs");

/** A host's tmpfs, shared, with another below it; bound with these options, both as the container sees them. */
async function boundTree(c: World, options: readonly string[], flags = ""): Promise<Mounted[]> {
  const source = join(c.room, "tree");
  const made = [
    "mkdir -p $T",
    "mount -t tmpfs t $T",
    "mkdir $T/sub",
    "mount -t tmpfs t $T/sub",
    "mount --make-rshared $T",
  ];
  const flagged = ["mount -o remount,bind,$F $T/sub", "mount -o remount,bind,$F $T"];

  c.beforehand(`T=${source} F=${flags}; ${[...made, ...(flags === "" ? [] : flagged)].join("; ")}`);
  return mountsOf(c, { destination: MNT, source, options });
}

const recursively =
  (option: string, word: string): Body =>
  async (c) => {
    const tree = await boundTree(c, ["rbind", option]);
    expect(tree.map(({ path, options }) => [path, options.includes(word)])).toEqual([
      [MNT, true],
      [`${MNT}/sub`, true],
    ]);
  };

const recursivelyNot =
  (option: string, from: string): Body =>
  async (c) => {
    const tree = await boundTree(c, ["rbind", option], from);
    expect(tree.map(({ path, options }) => [path, options.includes(from)])).toEqual([
      [MNT, false],
      [`${MNT}/sub`, false],
    ]);
  };

/** The propagation of the two mounts; a peer group's number does not matter. */
const propagates =
  (option: string, ...wanted: readonly string[]): Body =>
  async (c) => {
    const tree = await boundTree(c, ["rbind", option]);
    const kinds = tree.map(({ propagation }) =>
      propagation.map((word) => word.replace(/:\d+$/, "")).join(" "),
    );
    expect(kinds).toEqual([...wanted]);
  };

const mapped = [{ containerID: 1000, hostID: 2000, size: 10 }];
const ids = { uidMappings: mapped, gidMappings: mapped };

const ownerOf = (c: World, mount: Patch, ...patches: readonly Patch[]): Promise<string> =>
  c.inside(
    `stat -c %u:%g ${MNT}/file`,
    mounted({ destination: MNT, source: owned(c), ...mount }),
    ...patches,
  );

/** Each option of the table: its requirement by the table's second column, and what shows it. */
const MUST: Readonly<Record<string, Body>> = {
  async: takes("async", "sync"),
  atime: takes("atime", "noatime"),
  bind: async (c) => {
    expect((await boundTree(c, ["bind"])).map(({ path }) => path)).toEqual([MNT]);
  },
  defaults: async (c) => {
    const words = await wordsOf(c, ["defaults"]);
    expect(words).toContain("rw");
    for (const word of ["nosuid", "nodev", "noexec", "sync"]) expect(words).not.toContain(word);
  },
  dev: takes("dev", "nodev"),
  diratime: takes("diratime", "nodiratime"),
  dirsync: gives("dirsync"),
  exec: takes("exec", "noexec"),
  iversion: accepted("iversion"),
  lazytime: gives("lazytime"),
  loud: accepted("loud"),
  noatime: gives("noatime"),
  nodev: gives("nodev"),
  nodiratime: gives("nodiratime"),
  noexec: gives("noexec"),
  noiversion: accepted("noiversion"),
  nolazytime: takes("nolazytime", "lazytime"),
  // The kernel's default where neither noatime nor strictatime is said (mount(2)), which is relatime.
  norelatime: takes("norelatime", "noatime"),
  nostrictatime: async (c) =>
    expect(await wordsOf(c, ["strictatime", "nostrictatime"])).toContain("relatime"),
  nosuid: gives("nosuid"),
  private: async (c) => {
    const [top, sub] = await boundTree(c, ["rbind", "private"]);
    expect(top?.propagation).toEqual([]);
    // What is below is no peer of the host's either: what the container mounts there stays there.
    expect(sub?.propagation.join()).not.toContain("shared");
  },
  rbind: async (c) => {
    expect((await boundTree(c, ["rbind"])).map(({ path }) => path)).toEqual([MNT, `${MNT}/sub`]);
  },
  relatime: async (c) => expect(await wordsOf(c, ["noatime", "relatime"])).toContain("relatime"),
  remount: async (c) => {
    const first = { destination: MNT, type: "tmpfs", options: ["nosuid", "size=4m"] };
    const again = { destination: MNT, type: "tmpfs", options: ["remount", "ro", "nosuid", "size=2m"] };
    const found = await mountsOf(c, first, again);
    expect(found).toHaveLength(1);
    expect([...(found[0]?.options ?? []), ...(found[0]?.superOptions ?? [])]).toContain("ro");
    expect(found[0]?.superOptions).toContain("size=2048k");
  },
  ro: gives("ro"),
  rprivate: propagates("rprivate", "", ""),
  rshared: propagates("rshared", "shared", "shared"),
  rslave: propagates("rslave", "master", "master"),
  runbindable: propagates("runbindable", "unbindable", "unbindable"),
  rw: takes("rw", "ro"),
  shared: async (c) => expect((await tmpfsWith(c, "shared"))?.propagation.join()).toMatch(/^shared:\d+$/),
  silent: accepted("silent"),
  slave: async (c) =>
    expect((await boundTree(c, ["rbind", "slave"]))[0]?.propagation.join()).toMatch(/^master:\d+$/),
  strictatime: async (c) => {
    const words = await wordsOf(c, ["strictatime"]);
    expect(words).not.toContain("relatime");
    expect(words).not.toContain("noatime");
  },
  suid: takes("suid", "nosuid"),
  sync: gives("sync"),
  unbindable: async (c) => expect((await tmpfsWith(c, "unbindable"))?.propagation).toEqual(["unbindable"]),
};

const SHOULD: Readonly<Record<string, Body>> = {
  nosymfollow: gives("nosymfollow"),
  ratime: recursivelyNot("ratime", "noatime"),
  rdev: recursivelyNot("rdev", "nodev"),
  rdiratime: recursivelyNot("rdiratime", "nodiratime"),
  rexec: recursivelyNot("rexec", "noexec"),
  rnoatime: recursively("rnoatime", "noatime"),
  rnodiratime: recursively("rnodiratime", "nodiratime"),
  rnoexec: recursively("rnoexec", "noexec"),
  rnorelatime: recursivelyNot("rnorelatime", "noatime"),
  rnostrictatime: recursively("rnostrictatime", "relatime"),
  rnosuid: recursively("rnosuid", "nosuid"),
  rnosymfollow: recursively("rnosymfollow", "nosymfollow"),
  rrelatime: recursively("rrelatime", "relatime"),
  rro: recursively("rro", "ro"),
  rrw: recursivelyNot("rrw", "ro"),
  rstrictatime: recursivelyNot("rstrictatime", "relatime"),
  rsuid: recursivelyNot("rsuid", "nosuid"),
  rsymfollow: recursivelyNot("rsymfollow", "nosymfollow"),
  symfollow: takes("symfollow", "nosymfollow"),
};

const rows = (
  level: typeof must,
  bodies: Readonly<Record<string, Body>>,
  word: string,
): Record<string, Requirement> =>
  Object.fromEntries(
    Object.entries(bodies).map(([option, body]) => [
      option,
      level(`\`${option}${option === "rrelatime" ? "  " : ""}\` | ${word}`, body),
    ]),
  );

const USES_VALUES =
  "If `uidMappings` or `gidMappings` are specified for the mount, the runtime MUST use those values for the mount's mapping.";
const USER_NAMESPACE =
  "If they are not specified, the runtime MAY use the container's user namespace mapping, otherwise an error MUST be returned.";
const NO_MAPPING =
  "If there are no `uidMappings` and `gidMappings` specified and the container isn't using user namespaces, an error MUST be returned.";
const NOT_PASSED = "This option SHOULD NOT be passed to the underlying `mount(2)` call.";
const SET_ATTR =
  "This SHOULD be implemented using `mount_setattr(MOUNT_ATTR_IDMAP)`, available since Linux 5.12.";

/** config.md: Linux mount options */
export const options = [
  section("config.mounts.options", "Linux mount options", {
    all: must("Runtimes MUST/SHOULD/MAY implement the following option strings for Linux:", async (c) => {
      const { mountOptions } = await featuresOf(c);
      expect(mountOptions).toEqual(expect.arrayContaining([...Object.keys(MUST), ...Object.keys(SHOULD)]));
    }),
    ...rows(must, MUST, "MUST"),
    ...rows(should, SHOULD, "SHOULD"),
    idmap: must(
      `\`idmap\` | SHOULD | Indicates that the mount MUST have an idmapping applied. ${NOT_PASSED} ${USES_VALUES}`,
      async (c) => expect(await ownerOf(c, { options: ["bind", "idmap"], ...ids })).toBe("2000:2000\n"),
    ),
    "idmap-user": must(USER_NAMESPACE, async (c) => {
      // The container's root owns what the host's root does, which without the mapping is nobody's.
      const seen = await c.inside(
        `stat -c %u ${MNT}`,
        mounted({ destination: MNT, source: owned(c), options: ["bind", "idmap"] }),
        inUserNamespace,
      );
      expect(seen).toBe("0\n");
    }),
    "idmap-none": must(NO_MAPPING, async (c) => {
      const mount = { destination: MNT, source: owned(c), options: ["bind", "idmap"] };
      expect(await c.refused(mounted(mount))).toMatch(/uidMappings|idmap/);
    }),
    "idmap-how": as("config.mounts.options.idmap", SET_ATTR),
    ridmap: must(
      `\`ridmap\` | SHOULD | Indicates that the mount MUST have an idmapping applied, and the mapping is applied recursively .`,
      async (c) => {
        const source = join(c.room, "tree");
        // Two mounts of the room's file system: not every kernel maps the owners of a tmpfs.
        c.beforehand(
          `cd ${c.room}; mkdir -p tree/sub other; touch tree/file other/file; chown 1000:1000 tree/file other/file; mount --bind tree tree; mount --bind other tree/sub`,
        );
        const mount = { destination: MNT, source, ...ids };
        const look = `stat -c %u ${MNT}/file ${MNT}/sub/file`;
        expect(await c.inside(look, mounted({ ...mount, options: ["rbind", "ridmap"] }))).toBe(
          "2000\n2000\n",
        );
        expect(await c.inside(look, mounted({ ...mount, options: ["rbind", "idmap"] }))).toBe("2000\n1000\n");
      },
    ),
    "mount-8": binds("the specification itself", 'The "MUST" options correspond to `mount(8)`.'),
    custom: should(
      "If a custom option string is already recognized by `mount(8)`, the runtime SHOULD follow the behavior of `mount(8)`.",
      async (c) => {
        // They mean something to mount(8) itself, and are not for the file system.
        for (const option of ["nofail", "auto", "noauto", "_netdev", "x-systemd.automount", "comment=x"])
          await accepted(option)(c);
      },
    ),
    unknown: should(
      "Runtimes SHOULD treat unknown options as filesystem-specific ones) and pass those as a comma-separated string to the fifth (`const void *data`) argument of `mount(2)`.",
      async (c) => {
        expect(await wordsOf(c, ["size=1m", "mode=700"])).toEqual(
          expect.arrayContaining(["size=1024k", "mode=700"]),
        );
        const said = await c.refused(mounted({ destination: MNT, type: "tmpfs", options: ["nosuchoption"] }));
        expect(said).toContain("nosuchoption");
      },
    ),
  }),
];
