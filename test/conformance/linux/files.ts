import { expect } from "bun:test";
import { type Patch, withNamespaces } from "../suite/bundle.ts";
import { readMounts } from "../suite/mountinfo.ts";
import { must, section } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";

const linux = (wanted: Patch): Patch => ({ linux: wanted });

/** How the container's root is mounted. */
const rootOf = async (c: World, rootfsPropagation: string) =>
  readMounts(await c.inside("cat /proc/self/mountinfo", linux({ rootfsPropagation }))).find(
    ({ path }) => path === "/",
  );

const wrongPaths = ["proc/kcore", "", "./x", 5];

/** config-linux.md: Sysctl, Rootfs Mount Propagation, Masked Paths, Readonly Paths, Mount Label, Personality */
export const files = [
  section("linux.sysctl", "Sysctl", {
    1: must(
      "**`sysctl`** (object, OPTIONAL) allows kernel parameters to be modified at runtime for the container.",
      async (c) => {
        const wanted = linux({
          sysctl: { "net.ipv4.ip_forward": "1", "net.core.somaxconn": "256", "kernel.shm_rmid_forced": "1" },
        });
        const look = "cd /proc/sys; cat net/ipv4/ip_forward net/core/somaxconn kernel/shm_rmid_forced";
        expect(await c.inside(look, withNamespaces({ type: "network" }), wanted)).toBe("1\n256\n1\n");
        // What no namespace of the container's has would be the host's.
        for (const name of ["kernel.panic", "vm.swappiness", "net.core.somaxconn"])
          expect(await c.refused(linux({ sysctl: { [name]: "1" } }))).toContain(name);
      },
    ),
  }),
  section("linux.rootfs-propagation", "Rootfs Mount Propagation", {
    1: must("Its value is either `shared`, `slave`, `private` or `unbindable`.", async (c) => {
      for (const value of ["nosuch", "rshared,ro", 5])
        expect(await c.refused(linux({ rootfsPropagation: value }))).toContain("rootfsPropagation");
    }),
    2: must("**`shared`**: the rootfs mount belongs to a new peer group.", async (c) => {
      expect((await rootOf(c, "shared"))?.propagation.join()).toMatch(/^shared:\d+(,master:\d+)?$/);
    }),
    3: must(
      "**`slave`**: the rootfs mount receives propagation events from the host (e.g. if something is mounted on the host it will also appear in the container) but not the other way around.",
      async (c) => {
        c.beforehand("mount --make-rshared /");
        expect((await rootOf(c, "slave"))?.propagation.join()).toMatch(/^master:\d+$/);
      },
    ),
    4: must(
      "**`private`**: the rootfs mount doesn't receive mount propagation events from the host and further mounts in nested containers will be isolated from the host and from the rootfs (even if the nested container `rootfsPropagation` option is shared).",
      async (c) => {
        c.beforehand("mount --make-rshared /");
        expect((await rootOf(c, "private"))?.propagation).toEqual([]);
      },
    ),
    5: must(
      "**`unbindable`**: the rootfs mount is a private mount that cannot be bind-mounted.",
      async (c) => {
        expect((await rootOf(c, "unbindable"))?.propagation).toEqual(["unbindable"]);
      },
    ),
  }),
  section("linux.masked-paths", "Masked Paths", {
    1: must(
      "**`maskedPaths`** (array of strings, OPTIONAL) will mask over the provided paths inside the container so that they cannot be read.",
      async (c) => {
        const paths = ["/proc/kcore", "/proc/version", "/proc/fs", "/etc", "/nosuch"];
        const look =
          "cat /proc/version /proc/kcore | wc -c; ls /proc/fs /etc; test -e /nosuch || echo passed over";
        expect(await c.inside(look, linux({ maskedPaths: paths }))).toBe(
          "0\n/etc:\n\n/proc/fs:\npassed over\n",
        );
      },
    ),
    2: must("The values MUST be absolute paths in the container namespace.", async (c) => {
      for (const path of wrongPaths)
        expect(await c.refused(linux({ maskedPaths: [path] }))).toContain("maskedPaths");
    }),
  }),
  section("linux.readonly-paths", "Readonly Paths", {
    1: must(
      "**`readonlyPaths`** (array of strings, OPTIONAL) will set the provided paths as readonly inside the container.",
      async (c) => {
        const script =
          "echo x >/etc/f || echo etc; echo 1 >/proc/sys/kernel/msgmax || echo sys; echo x >/tmp/f && echo others are not";
        const said = await c.inside(
          `exec 2>/dev/null; ${script}`,
          linux({ readonlyPaths: ["/etc", "/proc/sys", "/nosuch"] }),
        );
        expect(said).toBe("etc\nsys\nothers are not\n");
      },
    ),
    2: must("The values MUST be absolute paths in the container namespace.", async (c) => {
      for (const path of wrongPaths)
        expect(await c.refused(linux({ readonlyPaths: [path] }))).toContain("readonlyPaths");
    }),
  }),
  section("linux.personality", "Personality", {
    1: must("**`domain`** *(string, REQUIRED)* - the execution domain.", async (c) => {
      expect(await c.inside("uname -m", linux({ personality: { domain: "LINUX32" } }))).toMatch(
        /^(i686|armv8l)\n$/,
      );
      expect(await c.inside("cat /proc/self/personality", linux({ personality: { domain: "LINUX" } }))).toBe(
        "00000000\n",
      );
      for (const domain of [undefined, "", "NOSUCH", 5])
        expect(await c.refused(linux({ personality: { domain } }))).toContain("personality/domain");
    }),
    2: must("Currently no flag values are supported.", async (c) => {
      expect(await c.refused(linux({ personality: { domain: "LINUX", flags: ["NOSUCH"] } }))).toContain(
        "flag",
      );
    }),
  }),
];
