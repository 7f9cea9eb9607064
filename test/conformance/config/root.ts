import { expect } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binds, must, section } from "../suite/requirement.ts";

/** config.md: Specification version, Root, Hostname, Domainname */
export const root = [
  section("config.version", "Specification version", {
    1: must(
      "**`ociVersion`** (string, REQUIRED) MUST be in SemVer v2.0.0 format and specifies the version of the Open Container Initiative Runtime Specification with which the bundle complies.",
      async (c) => {
        for (const ociVersion of [
          undefined,
          null,
          1,
          "",
          "1",
          "1.0",
          "v1.0.0",
          "1.0.0.0",
          "01.0.0",
          "latest",
          "2.0.0",
        ])
          expect(await c.refused({ ociVersion })).toContain("ersion");
        for (const ociVersion of ["1.0.0", "1.0.2-dev", "1.2.0-rc.1+build.5", "1.3.0"])
          expect(await c.inside("echo accepted", { ociVersion })).toBe("accepted\n");
      },
    ),
  }),
  section(
    "config.root",
    "Root",
    {
      1: must("On all other platforms, this field is REQUIRED.", async (c) => {
        expect(await c.refused({ root: undefined })).toContain("root");
      }),
      2: must(
        "**`path`** (string, REQUIRED) Specifies the path to the root filesystem for the container.",
        async (c) => {
          for (const path of [undefined, null, 5, "", ["rootfs"]])
            expect(await c.refused({ root: { path } })).toContain("root");
        },
      ),
      3: must(
        "On POSIX platforms, `path` is either an absolute path or a relative path to the bundle.",
        async (c) => {
          const one = c.container({ process: { args: ["cat", "/name"] } });
          writeFileSync(join(one.rootfs, "name"), "the root\n");
          for (const path of ["rootfs", "./rootfs", `../${one.id}/rootfs`, one.rootfs]) {
            one.configure({ root: { path } });
            expect(await one.run()).toMatchObject({ code: 0, stdout: "the root\n" });
          }
        },
      ),
      4: binds("who writes config.json", "The value SHOULD be the conventional `rootfs`."),
      5: must("A directory MUST exist at the path declared by the field.", async (c) => {
        expect(await c.refused({ root: { path: "nosuch" } })).toContain("nosuch");
        const one = c.container();
        renameSync(join(one.rootfs, "bin/busybox"), join(one.bundle, "file"));
        one.configure({ root: { path: "file" } });
        expect(await one.create()).toMatchObject({ code: 1, stderr: expect.stringContaining("file") });
      }),
      6: must(
        "**`readonly`** (bool, OPTIONAL) If true then the root filesystem MUST be read-only inside the container, defaults to false.",
        async (c) => {
          const script =
            "touch /etc/new 2>/dev/null && echo written || echo refused; touch /dev/shm/new && echo mounts are not";
          expect(await c.inside(script, { root: { readonly: true } })).toBe("refused\nmounts are not\n");
          expect(await c.inside(script, { root: { readonly: false } })).toBe("written\nmounts are not\n");
          expect(await c.inside(script)).toBe("written\nmounts are not\n");
        },
      ),
    },
    {
      Windows: [
        "On Windows, for Windows Server Containers, this field is REQUIRED.",
        "For Hyper-V Containers, this field MUST NOT be set.",
        "On Windows, `path` MUST be a volume GUID path.",
        "On Windows, this field MUST be omitted or false.",
      ],
    },
  ),
  section("config.hostname", "Hostname", {
    1: must(
      "**`hostname`** (string, OPTIONAL) specifies the container's hostname as seen by processes running inside the container.",
      async (c) => {
        const host = (await Bun.$`hostname`.text()).trim();
        expect(await c.inside("hostname", { hostname: "mrsdalloway" })).toBe("mrsdalloway\n");
        expect((await Bun.$`hostname`.text()).trim()).toBe(host);
      },
    ),
  }),
  section("config.domainname", "Domainname", {
    1: must(
      "**`domainname`** (string, OPTIONAL) specifies the container's domainname as seen by processes running inside the container.",
      async (c) => {
        const script = "cat /proc/sys/kernel/domainname";
        expect(await c.inside(script, { domainname: "foobarbaz.test" })).toBe("foobarbaz.test\n");
      },
    ),
  }),
];
