import { expect } from "bun:test";
import { linkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Patch } from "../suite/bundle.ts";
import { listen } from "../suite/listener.ts";
import { as, must, section, should } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";

/** What a program with a terminal writes to it. */
async function onTerminal(c: World, script: string, process: Patch = {}): Promise<string> {
  const { socket, hears } = await listen(c, "console");
  const one = c.container({
    process: { terminal: true, args: ["sh", "-c", `${script}; echo end`], ...process },
  });
  expect(await one.create("--console-socket", socket)).toMatchObject({ code: 0 });
  expect(await one.start()).toMatchObject({ code: 0 });
  const heard = await hears(/\nend\r?\n/);
  return heard.replaceAll("\r", "").split("\n").slice(1, -2).join("\n");
}

/** config.md: Process */
export const process = [
  section(
    "config.process",
    "Process",
    {
      1: as("runtime.start.4", "This property is REQUIRED when `start` is called."),
      2: must(
        "As an example, if set to true on Linux a pseudoterminal pair is allocated for the process and the pseudoterminal pty is duplicated on the process's standard streams.",
        async (c) => {
          const script = "for fd in 0 1 2; do readlink /proc/self/fd/$fd; done";
          expect(await onTerminal(c, script)).toMatch(/^(\/dev\/(pts\/0|console)\n?){3}$/);
        },
      ),
      3: must("Runtimes MUST ignore `consoleSize` if `terminal` is `false` or unset.", async (c) => {
        for (const terminal of [false, undefined])
          expect(
            await c.inside("echo ignored", { process: { terminal, consoleSize: { height: 10, width: 20 } } }),
          ).toBe("ignored\n");
      }),
      4: must("**`height`** (uint, REQUIRED)", async (c) => {
        expect(await onTerminal(c, "stty size", { consoleSize: { height: 31, width: 97 } })).toBe("31 97");
        const socket = join(c.room, "console.sock");

        for (const consoleSize of [{ width: 80 }, { height: -1, width: 80 }, { height: "25", width: 80 }]) {
          const ran = await c
            .container({ process: { terminal: true, consoleSize } })
            .create("--console-socket", socket);
          expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("consoleSize") });
        }
      }),
      5: must("**`width`** (uint, REQUIRED)", async (c) => {
        const { socket } = await listen(c, "console");
        const one = c.container({ process: { terminal: true, consoleSize: { height: 25 } } });
        const ran = await one.create("--console-socket", socket);
        expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("consoleSize") });
      }),
      6: must(
        "**`cwd`** (string, REQUIRED) is the working directory that will be set for the executable.",
        async (c) => {
          expect(await c.inside("pwd", { process: { cwd: "/mnt" } })).toBe("/mnt\n");
          expect(await c.refused({ process: { cwd: undefined } })).toContain("cwd");
        },
      ),
      7: must("This value MUST be an absolute path.", async (c) => {
        for (const cwd of ["mnt", "", ".", 5]) expect(await c.refused({ process: { cwd } })).toContain("cwd");
      }),
      8: must(
        "**`env`** (array of strings, OPTIONAL) with the same semantics as IEEE Std 1003.1-2008's `environ`.",
        async (c) => {
          const env = ["PATH=/bin", "HOME=/x", "EMPTY=", "WITH=a=b c", "LAST=1"];
          expect(await c.inside("cat /proc/1/environ | tr '\\0' '\\n'", { process: { env } })).toBe(
            `${env.join("\n")}\n`,
          );
        },
      ),
      9: must(
        "This specification extends the IEEE standard in that at least one entry is REQUIRED (non-Windows), and that entry is used with the same semantics as `execvp`'s *file*.",
        async (c) => {
          for (const args of [undefined, [], "sh", [5]])
            expect(await c.refused({ process: { args } })).toContain("args");
          const one = c.container({ process: { args: ["tool"], env: ["PATH=/nosuch:/mnt:/bin"] } });
          // execvp(3): found along PATH; a file that is no program the kernel knows is not searched further.
          writeFileSync(join(one.rootfs, "mnt/tool"), "#!/bin/sh\necho $0\n", { mode: 0o755 });
          expect(await one.run()).toMatchObject({ code: 0, stdout: "/mnt/tool\n" });
          // One with a slash is not searched for.
          linkSync(join(one.rootfs, "mnt/tool"), join(one.rootfs, "tmp/tool"));
          one.configure({ process: { args: ["./tool"], cwd: "/tmp" } });
          expect(await one.run()).toMatchObject({ code: 0, stdout: "./tool\n" });
          one.configure({ process: { args: ["/tmp/tool"], cwd: "/" } });
          expect(await one.run()).toMatchObject({ code: 0, stdout: "/tmp/tool\n" });
        },
      ),
    },
    {
      Windows: ["This field is OPTIONAL on Windows, and `commandLine` is REQUIRED if this field is omitted."],
    },
  ),
  section("config.user", "POSIX-platform User", {
    1: must("**`uid`** (int, REQUIRED) specifies the user ID in the container namespace.", async (c) => {
      expect(await c.inside("id -u", { process: { user: { uid: 1234 } } })).toBe("1234\n");
      for (const uid of [undefined, -1, 4294967295, "0", 1.5])
        expect(await c.refused({ process: { user: { uid } } })).toMatch(/user|run as/);
    }),
    2: must("**`gid`** (int, REQUIRED) specifies the group ID in the container namespace.", async (c) => {
      expect(await c.inside("id -g", { process: { user: { gid: 1234 } } })).toBe("1234\n");
      for (const gid of [undefined, -1, 4294967295, "0", 1.5])
        expect(await c.refused({ process: { user: { gid } } })).toMatch(/user|run as/);
    }),
    3: must("**`umask`** (int, OPTIONAL) specifies the umask of the user.", async (c) => {
      const script = "umask; touch /tmp/file; stat -c %a /tmp/file";
      expect(await c.inside(script, { process: { user: { umask: 0o027 } } })).toBe("0027\n640\n");
    }),
    4: should(
      "If unspecified, the umask should not be changed from the calling process' umask.",
      async (c) => {
        c.beforehand("umask 037");
        expect(await c.inside("umask")).toBe("0037\n");
      },
      { fails: "without one it is 0022, as with runc: the umask of a daemon that calls is nobody's wish" },
    ),
    5: must(
      "**`additionalGids`** (array of ints, OPTIONAL) specifies additional group IDs in the container namespace to be added to the process.",
      async (c) => {
        const groups = "grep Groups /proc/self/status";
        const said = await c.inside(groups, { process: { user: { additionalGids: [5, 60000] } } });
        expect(said.trim()).toBe("Groups:\t5 60000");
        expect((await c.inside(groups)).trim()).toBe("Groups:");
      },
    ),
  }),
  section(
    "config.platform",
    "Platform-specific configuration",
    {},
    {
      Windows: ["This MUST be set if the target platform of this spec is `windows`."],
    },
  ),
];
