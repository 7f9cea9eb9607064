import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { holding, type Patch } from "../suite/bundle.ts";
import { listen } from "../suite/listener.ts";
import { binds, must, section } from "../suite/requirement.ts";

const devices = (...list: readonly Patch[]): Patch => ({ linux: { devices: list } });
const fuse: Patch = { type: "c", path: "/dev/fuse", major: 10, minor: 229 };
const AS_NODE = "stat -c '%F %t:%T %a %u:%g'";

/** devices.txt: character devices of major 1 and 5. */
const DEFAULTS = { null: "1:3", zero: "1:5", full: "1:7", random: "1:8", urandom: "1:9", tty: "5:0" };

/** config-linux.md: Devices, Default Devices, Allowed Device list */
export const linuxDevices = [
  section("linux.devices", "Devices", {
    1: must(
      "**`devices`** (array of objects, OPTIONAL) lists devices that MUST be available in the container.",
      async (c) => {
        const list = devices(
          { ...fuse, fileMode: 0o640, uid: 5, gid: 6 },
          { type: "b", path: "/dev/block", major: 7, minor: 200 },
          { type: "u", path: "/dev/unbuffered", major: 1, minor: 3 },
        );
        const said = await c.inside(`${AS_NODE} /dev/fuse /dev/block /dev/unbuffered`, list);
        expect(said.split("\n").map((line) => line.replace(/ \d+ \d+:\d+$/, ""))).toEqual([
          "character special file a:e5",
          "block special file 7:c8",
          "character special file 1:3",
          "",
        ]);
        expect(said).toStartWith("character special file a:e5 640 5:6\n");
      },
    ),
    2: must("**`type`** *(string, REQUIRED)* - type of device: `c`, `b`, `u` or `p`.", async (c) => {
      expect(await c.inside("stat -c %F /dev/pipe", devices({ type: "p", path: "/dev/pipe" }))).toBe(
        "fifo\n",
      );
      for (const type of [undefined, "", "x", "cc", 5])
        expect(await c.refused(devices({ ...fuse, type }))).toContain("device");
    }),
    3: must("**`path`** *(string, REQUIRED)* - full path to device inside container.", async (c) => {
      for (const path of [undefined, "", "dev/fuse", "../dev/fuse", 5])
        expect(await c.refused(devices({ ...fuse, path }))).toContain("device");
    }),
    4: must(
      "If a file already exists at `path` that does not match the requested device, the runtime MUST generate an error.",
      async (c) => {
        const one = c.container(devices({ ...fuse, path: "/mnt/node" }));
        writeFileSync(join(one.rootfs, "mnt/node"), "");
        expect(await one.create()).toMatchObject({ code: 1, stderr: expect.stringContaining("mnt/node") });
        const two = c.container(devices({ ...fuse, path: "/mnt/node" }));
        await Bun.$`mknod ${join(two.rootfs, "mnt/node")} c 1 3`;
        expect(await two.create()).toMatchObject({ code: 1, stderr: expect.stringContaining("mnt/node") });
        const right = c.container(devices({ ...fuse, path: "/mnt/node" }));
        await Bun.$`mknod ${join(right.rootfs, "mnt/node")} c 10 229`;
        expect(await right.create()).toMatchObject({ code: 0 });
      },
    ),
    5: must("The path MAY be anywhere in the container filesystem, notably outside of `/dev`.", async (c) => {
      expect(await c.inside(`${AS_NODE} /mnt/a/b`, devices({ ...fuse, path: "/mnt/a/b" }))).toStartWith(
        "character special file a:e5 ",
      );
    }),
    6: must(
      "**`major, minor`** *(int64, REQUIRED unless `type` is `p`)* - major, minor numbers for the device.",
      async (c) => {
        for (const change of [{ major: undefined }, { minor: undefined }, { major: -1 }, { minor: "229" }])
          expect(await c.refused(devices({ ...fuse, ...change }))).toContain("device");
      },
    ),
    7: binds(
      "who writes config.json",
      "The same `type`, `major` and `minor` SHOULD NOT be used for multiple devices.",
    ),
    8: must(
      "Containers MAY NOT access any device node that is not either explicitly referenced in the **`devices`** array or listed as being part of the default devices.",
      async (c) => {
        const power = holding("CAP_MKNOD", "CAP_SYSLOG", "CAP_DAC_OVERRIDE");
        const open = "mknod /mnt/kmsg c 1 11 && (: </mnt/kmsg) 2>/dev/null && echo opened || echo refused";
        expect(await c.inside(open, power)).toBe("refused\n");
        // A node that is listed is made; what may be done with it, its rule says (as with runc).
        const kmsg = { type: "c", major: 1, minor: 11 };
        const rules = { linux: { resources: { devices: [{ ...kmsg, allow: true, access: "r" }] } } };
        const listed = devices({ ...kmsg, path: "/dev/kmsg" });
        expect(await c.inside("(: </dev/kmsg) && echo opened", power, listed, rules)).toBe("opened\n");
      },
    ),
  }),
  section("linux.devices.default", "Default Devices", {
    1: must(
      "In addition to any devices configured with this setting, the runtime MUST also supply:",
      async (c) => {
        const names = Object.keys(DEFAULTS);
        const said = await c.inside(`cd /dev; stat -c '%n %t:%T %a' ${names.join(" ")}`);
        expect(said).toBe(
          Object.entries(DEFAULTS)
            .map(([name, number]) => `${name} ${number} 666\n`)
            .join(""),
        );
        expect(
          await c.inside(
            "head -c 4 /dev/zero | od -An -tx1; echo x >/dev/null; head -c1 /dev/urandom | wc -c; echo x >/dev/full 2>/dev/null || echo full",
          ),
        ).toBe(" 00 00 00 00\n1\nfull\n");
      },
    ),
    2: must(
      "`/dev/console` is set up if `terminal` is enabled in the config by bind mounting the pseudoterminal pty to `/dev/console`.",
      async (c) => {
        const { socket, hears } = await listen(c, "console");
        const one = c.container({
          process: {
            terminal: true,
            args: ["sh", "-c", "stat -c %t:%T /dev/console /dev/pts/0; echo by its name >/dev/console"],
          },
        });
        expect(await one.create("--console-socket", socket)).toMatchObject({ code: 0 });
        await one.start();
        expect(await hears("by its name")).toMatch(/\n(88:0)\r?\n\1\r?\nby its name/);
        expect(await c.inside("ls /dev/console 2>/dev/null || echo none")).toBe("none\n");
      },
    ),
    3: must("A bind-mount or symlink of the container's `/dev/pts/ptmx`.", async (c) => {
      const said = await c.inside("stat -L -c %t:%T:%i /dev/ptmx /dev/pts/ptmx");
      const [outside, inside] = said.split("\n");
      expect(outside).toBe(inside as string);
      expect(outside).toStartWith("5:2:");
    }),
  }),
];
