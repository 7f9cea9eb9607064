import { expect } from "bun:test";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mounted, type Patch } from "../suite/bundle.ts";
import { readMounts } from "../suite/mountinfo.ts";
import { as, binds, must, section, should } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";

const tmpfs = (destination: string, ...options: string[]): Patch => ({ destination, type: "tmpfs", options });

/** A folder of the host's with a file of user and group 1000. */
export function owned(c: World): string {
  const folder = join(c.room, "owned");
  mkdirSync(folder);
  writeFileSync(join(folder, "file"), "");
  chownSync(join(folder, "file"), 1000, 1000);
  return folder;
}

const from1000: readonly Patch[] = [{ containerID: 1000, hostID: 2000, size: 10 }];
const SET_ATTR =
  "This SHOULD be implemented using `mount_setattr(MOUNT_ATTR_IDMAP)`, available since Linux 5.12.";
const SHOULD_SAY =
  "If specified, the `options` field of the `mounts` structure SHOULD contain either `idmap` or `ridmap` to specify whether the mapping should be applied recursively for `rbind` mounts, as well as to ensure that older runtimes will not silently ignore this field.";

/** config.md: Mounts, POSIX-platform Mounts */
export const mounts = [
  section(
    "config.mounts",
    "Mounts",
    {
      1: must("The runtime MUST mount entries in the listed order.", async (c) => {
        const script = "grep -c ' /mnt' /proc/self/mounts; ls /mnt";
        expect(await c.inside(script, mounted(tmpfs("/mnt"), tmpfs("/mnt/inner")))).toBe("2\ninner\n");
        const hidden = mounted(tmpfs("/mnt/inner"), tmpfs("/mnt"));
        expect(await c.inside("ls /mnt", hidden)).toBe("");
      }),
      2: must(
        "**`destination`** (string, REQUIRED) Destination of mount point: path inside container.",
        async (c) => {
          for (const destination of [undefined, null, 7, ""])
            expect(await c.refused(mounted({ type: "tmpfs", destination }))).toContain("destination");
        },
      ),
      3: binds("who writes config.json", "This value SHOULD be an absolute path."),
      4: must(
        'For compatibility with old tools and configurations, it MAY be a relative path, in which case it MUST be interpreted as relative to "/".',
        async (c) => {
          const patch = mounted(tmpfs("mnt/here"));
          expect(
            await c.inside("grep -c ' /mnt/here tmpfs' /proc/self/mounts", patch, {
              process: { cwd: "/tmp" },
            }),
          ).toBe("1\n");
        },
      ),
      5: must("Path values for bind mounts are either absolute or relative to the bundle.", async (c) => {
        const one = c.container({ process: { args: ["cat", "/mnt/file"] } });
        mkdirSync(join(one.bundle, "data"));
        writeFileSync(join(one.bundle, "data/file"), "bound\n");
        for (const source of ["data", join(one.bundle, "data")]) {
          one.configure(mounted({ destination: "/mnt", source, options: ["bind"] }));
          expect(await one.run()).toMatchObject({ code: 0, stdout: "bound\n" });
        }
      }),
      6: must("A mount is a bind mount if it has either `bind` or `rbind` in the options.", async (c) => {
        const source = owned(c);
        for (const [type, option] of [
          ["tmpfs", "bind"],
          ["none", "rbind"],
          [undefined, "bind"],
          ["bind", "rbind"],
        ])
          expect(
            await c.inside(
              "ls /mnt",
              mounted({ destination: "/mnt", source, type, options: [option ?? ""] }),
            ),
          ).toBe("file\n");
      }),
    },
    {
      Windows: [
        "Windows: This value MUST be an absolute path.",
        "One mount destination MUST NOT be nested within another mount (e.g., c:\\\\foo and c:\\\\foo\\\\bar).",
        "Windows: runtimes MUST support `ro`, mounting the filesystem read-only when `ro` is given.",
      ],
      Solaris: ["Solaris: This value MUST be an absolute path."],
      others: ["For all other platforms: This value MUST be an absolute path."],
    },
  ),
  section("config.mounts.posix", "POSIX-platform Mounts", {
    1: must(
      'Linux: filesystem types supported by the kernel as listed in */proc/filesystems* (e.g., "minix", "ext2", "ext3", "jfs", "xfs", "reiserfs", "msdos", "proc", "nfs", "iso9660").',
      async (c) => {
        const patch = mounted(
          tmpfs("/mnt/a"),
          { destination: "/mnt/b", type: "proc" },
          { destination: "/mnt/c", type: "ramfs" },
        );
        const types = readMounts(await c.inside("cat /proc/self/mountinfo", patch))
          .filter(({ path }) => path.startsWith("/mnt/"))
          .map(({ path, type }) => `${path} ${type}`);
        expect(types).toEqual(["/mnt/a tmpfs", "/mnt/b proc", "/mnt/c ramfs"]);
        expect(await c.refused(mounted({ destination: "/mnt", type: "nosuchfs" }))).toContain("nosuchfs");
      },
    ),
    2: should(
      `**\`uidMappings\`** (array of type LinuxIDMapping, OPTIONAL) The mapping to convert UIDs from the source file system to the destination mount point. ${SET_ATTR}`,
      async (c) => {
        const ids = { uidMappings: from1000, gidMappings: [{ containerID: 1000, hostID: 3000, size: 10 }] };
        const mount = { destination: "/mnt", source: owned(c), options: ["bind", "idmap"], ...ids };
        expect(await c.inside("stat -c %u:%g /mnt/file", mounted(mount))).toBe("2000:3000\n");
        // The file itself did not change its owner.
        expect(await Bun.$`stat -c %u:%g ${join(c.room, "owned/file")}`.text()).toBe("1000:1000\n");
      },
    ),
    3: binds("who writes config.json", SHOULD_SAY),
    4: must("If specified, it MUST be specified along with `gidMappings`.", async (c) => {
      const mount = {
        destination: "/mnt",
        source: owned(c),
        options: ["bind", "idmap"],
        uidMappings: from1000,
      };
      expect(await c.refused(mounted(mount))).toContain("gidMappings");
    }),
    5: as(
      "config.mounts.posix.2",
      `**\`gidMappings\`** (array of type LinuxIDMapping, OPTIONAL) The mapping to convert GIDs from the source file system to the destination mount point. ${SET_ATTR}`,
    ),
    6: must("If specified, it MUST be specified along with `uidMappings`.", async (c) => {
      const mount = {
        destination: "/mnt",
        source: owned(c),
        options: ["bind", "idmap"],
        gidMappings: from1000,
      };
      expect(await c.refused(mounted(mount))).toContain("uidMappings");
    }),
  }),
];
