import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HookPhase } from "../../../src/oci/runtime-spec.ts";
import { mounted } from "../suite/bundle.ts";
import { cgroupsNamed } from "../suite/cgroups.ts";
import { diary, noting, shell, withDiary } from "../suite/hooks.ts";
import { mountsNaming } from "../suite/mountinfo.ts";
import { type Body, must, section } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";

/** The hook is invoked, and as late or early as its step says. */
const invokes =
  (phase: HookPhase, at: "create" | "start" | "delete"): Body =>
  async (c) => {
    const program = noting(c, "program");
    const one = c.container(mounted(withDiary(c)), {
      hooks: { [phase]: [noting(c, phase)] },
      process: { args: program["args"] ?? [] },
    });
    const steps = {
      create: () => one.create(),
      start: () => one.start(),
      delete: async () => {
        await one.stopped();
        return one.delete();
      },
    };
    for (const [name, step] of Object.entries(steps)) {
      const before = diary(c).includes(phase);
      expect(await step()).toMatchObject({ code: 0 });
      expect({ name, invoked: diary(c).includes(phase) && !before }).toEqual({ name, invoked: name === at });
    }
    expect(diary(c)).toContain("program");
  };

/** An error, nothing of the container left, poststop hooks invoked: what steps 12 and 13 ask for. */
const breaksOff =
  (phase: HookPhase): Body =>
  async (c) => {
    const one = c.container(mounted(withDiary(c)), {
      hooks: { [phase]: [shell("exit 3"), noting(c, "next")], poststop: [noting(c, "poststop")] },
    });
    const created = await one.create();
    const failed = phase === "startContainer" || phase === "poststart" ? await one.start() : created;
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining(phase) });
    await expectGone(c, one.id);
    expect(diary(c)).toEqual(["poststop"]);
  };

async function expectGone(c: World, id: string): Promise<void> {
  expect(await c.runtime("state", id)).toMatchObject({ code: 1 });
  expect(cgroupsNamed(id)).toEqual([]);
  expect(existsSync(join(c.room, "state", id))).toBe(false);
}

const failing = (phase: HookPhase) =>
  `If any \`${phase}\` hook fails, the runtime MUST generate an error, stop the container, and continue the lifecycle at step 12.`;
const invoked = (phase: HookPhase) => `The \`${phase}\` hooks MUST be invoked by the runtime.`;

/** runtime.md: Lifecycle, Errors, Warnings */
export const lifecycle = [
  section("runtime.lifecycle", "Lifecycle", {
    1: must(
      "The container's runtime environment MUST be created according to the configuration in `config.json`.",
      async (c) => {
        const one = await c.created(
          { hostname: "configured" },
          mounted({ destination: "/mnt", type: "tmpfs" }),
        );
        const pid = await one.pid();
        expect(readFileSync(`/proc/${pid}/mountinfo`, "utf8")).toMatch(/ \/mnt .* - tmpfs /);
        expect(await Bun.$`nsenter --target ${pid} --uts hostname`.text()).toBe("configured\n");
      },
    ),
    2: must(
      "If the runtime is unable to create the environment specified in the `config.json`, it MUST generate an error.",
      async (c) => {
        expect(await c.refused(mounted({ destination: "/mnt", type: "nosuchfs" }))).toContain("nosuchfs");
      },
    ),
    3: must(
      "While the resources requested in the `config.json` MUST be created, the user-specified program (from `process`) MUST NOT be run at this time.",
      async (c) => {
        const one = await c.created({
          process: { args: ["sh", "-c", "echo yes >/started"] },
          linux: { resources: { pids: { limit: 10 } } },
        });
        expect(readFileSync(`/proc/${await one.pid()}/cgroup`, "utf8")).toContain(one.id);
        await Bun.sleep(50);
        expect(existsSync(join(one.rootfs, "started"))).toBe(false);
      },
    ),
    4: must("Any updates to `config.json` after this step MUST NOT affect the container.", async (c) => {
      const one = await c.created({ process: { args: ["sh", "-c", "echo first >/said"] } });
      one.configure({ process: { args: ["sh", "-c", "echo second >/said"] } });
      await one.start();
      expect(await one.said("said")).toBe("first\n");
    }),
    5: must(invoked("prestart"), invokes("prestart", "create")),
    6: must(failing("prestart"), breaksOff("prestart")),
    7: must(invoked("createRuntime"), invokes("createRuntime", "create")),
    8: must(failing("createRuntime"), breaksOff("createRuntime")),
    9: must(invoked("createContainer"), invokes("createContainer", "create")),
    10: must(failing("createContainer"), breaksOff("createContainer")),
    11: must(invoked("startContainer"), invokes("startContainer", "start")),
    12: must(failing("startContainer"), breaksOff("startContainer")),
    13: must("The runtime MUST run the user-specified program, as specified by `process`.", async (c) => {
      expect(await c.inside("echo $0 $(id -u):$(id -g)", { process: { user: { uid: 0, gid: 5 } } })).toBe(
        "sh 0:5\n",
      );
    }),
    14: must(invoked("poststart"), invokes("poststart", "start")),
    15: must(failing("poststart"), breaksOff("poststart")),
    16: must(
      "The container MUST be destroyed by undoing the steps performed during create phase (step 2).",
      async (c) => {
        const one = await c.running({ linux: { resources: { pids: { limit: 10 } } } });
        await one.kill("KILL");
        await one.stopped();
        await one.delete();
        await expectGone(c, one.id);
      },
    ),
    17: must(invoked("poststop"), invokes("poststop", "delete")),
    18: must(
      "If any `poststop` hook fails, the runtime MUST log a warning, but the remaining hooks and lifecycle continue as if the hook had succeeded.",
      async (c) => {
        const one = await c.running({
          process: { args: ["true"] },
          hooks: { poststop: [shell("exit 3"), noting(c, "next")] },
        });
        await one.stopped();
        const log = join(c.room, "log");
        expect(await c.runtime("--log", log, "delete", one.id)).toMatchObject({ code: 0 });
        expect(readFileSync(log, "utf8")).toMatch(/warn.*poststop/);
        expect(diary(c)).toEqual(["next"]);
        await expectGone(c, one.id);
      },
    ),
  }),
  section("runtime.errors", "Errors", {
    1: must(
      "Unless otherwise stated, generating an error MUST leave the state of the environment as if the operation were never attempted - modulo any possible trivial ancillary changes such as logging.",
      async (c) => {
        const one = c.container({
          process: { args: ["nosuch"] },
          linux: { resources: { pids: { limit: 10 } } },
        });
        const files = () => Bun.$`find ${one.bundle} | sort`.text();
        const before = await files();
        expect(await one.create()).toMatchObject({ code: 1 });
        expect(await files()).toBe(before);
        expect(mountsNaming(c.room)).toEqual([]);
        await expectGone(c, one.id);
      },
    ),
  }),
  section("runtime.warnings", "Warnings", {
    1: must(
      "Unless otherwise stated, logging a warning does not change the flow of the operation; it MUST continue as if the warning had not been logged.",
      async (c) => {
        const capabilities = { bounding: ["CAP_KILL", "CAP_NOSUCH"], permitted: ["CAP_KILL", "CAP_NOSUCH"] };
        const said = await c.inside("grep CapPrm /proc/self/status", { process: { capabilities } });
        expect(said).toBe("CapPrm:\t0000000000000020\n");
      },
    ),
  }),
];
