import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HookPhase } from "../../../src/oci/runtime-spec.ts";
import { mounted, type Patch } from "../suite/bundle.ts";
import { type Container, until } from "../suite/container.ts";
import { diary, diaryOf, noting, phases, shell, withDiary } from "../suite/hooks.ts";
import { as, type Body, binds, must, section } from "../suite/requirement.ts";
import { breaches } from "../suite/schema.ts";
import type { World } from "../suite/world.ts";

/** A container's whole life with these hooks: created, started, ended by itself, deleted. */
async function live(c: World, hooks: Patch, ...patches: readonly Patch[]): Promise<Container> {
  const one = c.container(mounted(withDiary(c)), { process: { args: ["true"] }, hooks }, ...patches);
  for (const step of [one.create, one.start, one.stopped, one.delete])
    expect((await step()) ?? { code: 0 }).toMatchObject({ code: 0 });
  return one;
}

const each = (hookOf: (phase: HookPhase) => Patch): Patch =>
  Object.fromEntries(phases.map((phase) => [phase, [hookOf(phase)]]));

/** A file that only one of the two sides has tells by whose view a path is resolved. */
const resolves =
  (phase: HookPhase, where: "runtime" | "container"): Body =>
  async (c) => {
    const one = c.container(mounted(withDiary(c)), { process: { args: ["true"] } });
    const script = `#!/bin/sh\necho ${where} >>${diaryOf(c)}\n`;
    const path = where === "runtime" ? join(c.room, "only-here") : "/only-inside";
    writeFileSync(where === "runtime" ? path : join(one.rootfs, path), script, { mode: 0o755 });
    // The room is hidden inside where the path has to be the host's.
    one.configure({ hooks: { [phase]: [{ path }] } });
    for (const step of [one.create, one.start, one.stopped, one.delete])
      expect((await step()) ?? { code: 0 }).toMatchObject({ code: 0 });
    expect(diary(c)).toEqual([where]);
  };

/** The namespaces that the hook is in, as links of /proc: the container's or the runtime's. */
const executes =
  (phase: HookPhase, where: "runtime" | "container"): Body =>
  async (c) => {
    const kinds = ["uts", "ipc", "mnt"];
    const hook = shell(`for n in ${kinds.join(" ")}; do readlink /proc/self/ns/$n; done >>${diaryOf(c)}`);
    const one = c.container(mounted(withDiary(c)), { hooks: { [phase]: [hook] } });
    expect(await one.create()).toMatchObject({ code: 0 });
    const linksOf = (pid: number | "self") =>
      Promise.all(kinds.map(async (kind) => (await Bun.$`readlink /proc/${pid}/ns/${kind}`.text()).trim()));
    const [host, inside] = [await linksOf("self"), await linksOf(await one.pid())];
    expect(inside).not.toEqual(host);
    await one.start();
    await one.kill("KILL");
    await one.stopped();
    await one.delete();
    expect(diary(c)).toEqual(where === "runtime" ? host : inside);
  };

/** When it is called: what of the operations has happened by then. */
const calledIn =
  (phase: HookPhase, operation: "create" | "start" | "delete"): Body =>
  async (c) => {
    const program = shell(`echo program >>${diaryOf(c)}; exec sleep 1000`);
    const one = c.container(mounted(withDiary(c)), {
      process: { args: program["args"] ?? [] },
      hooks: { [phase]: [noting(c, phase)] },
    });
    expect(await one.create()).toMatchObject({ code: 0 });
    const created = diary(c);
    expect(await one.start()).toMatchObject({ code: 0 });
    await until(() => diary(c).includes("program"));
    const started = diary(c);
    await one.kill("KILL");
    await one.stopped();
    await one.delete();
    const wanted = {
      create: { created: [phase], started: [phase, "program"] },
      start: {
        created: [],
        started: phase === "startContainer" ? [phase, "program"] : expect.arrayContaining([phase, "program"]),
      },
      delete: { created: [], started: ["program"] },
    }[operation];
    expect({ created, started }).toEqual(wanted);
    expect(diary(c)).toContain(phase);
  };

/** Entries that are wrong are an error of create, whichever phase they are for. */
const refuses =
  (wrong: readonly Patch[]): Body =>
  async (c) => {
    for (const phase of phases)
      for (const change of wrong)
        expect(await c.refused({ hooks: { [phase]: [{ path: "/bin/true", ...change }] } })).toContain(
          `hooks`,
        );
  };

const PATH = "**`path`** (string, REQUIRED) with similar semantics to IEEE Std 1003.1-2008 `execv`'s *path*.";
const ABSOLUTE = "This specification extends the IEEE standard in that **`path`** MUST be absolute.";
const TIMEOUT = "If set, `timeout` MUST be greater than zero.";
const resolveIn = (side: string) => `The value of \`path\` MUST resolve in the ${side} namespace.`;
const executed = (phase: HookPhase, side: string) =>
  `The \`${phase}\` hooks MUST be executed in the ${side} namespace.`;
const pathIn = (phase: HookPhase, side: string) =>
  `The \`${phase}\` hooks' path MUST resolve in the ${side} namespace.`;
const asPartOf = (phase: HookPhase) =>
  `The \`${phase}\` hooks MUST be called as part of the \`create\` operation after the runtime environment has been created (according to the configuration in config.json) but before the \`pivot_root\` or any equivalent operation has been executed.`;

/** The host's own root is still in sight of a hook that is called before pivot_root, and the mounts are made. */
const beforePivot =
  (phase: HookPhase): Body =>
  async (c) => {
    const look =
      phase === "createContainer"
        ? `grep -c " ${c.room}/[^ ]*/rootfs/mnt tmpfs " /proc/self/mounts`
        : `pid=$(tr -d '\\n' | sed 's/.*"pid": *\\([0-9]*\\).*/\\1/'); grep -c " ${c.room}/[^ ]*/rootfs/mnt tmpfs " /proc/$pid/mounts`;
    await live(
      c,
      { [phase]: [shell(`${look} >>${diaryOf(c)}`)] },
      {
        ...mounted(withDiary(c), { destination: "/mnt", type: "tmpfs" }),
      },
    );
    expect(diary(c)).toEqual(["1"]);
  };

/** config.md: POSIX-platform Hooks and the sections of each */
export const hooks = [
  section("config.hooks", "POSIX-platform Hooks", {
    1: must(PATH, refuses([{ path: undefined }, { path: 5 }, { path: "" }])),
    2: must(ABSOLUTE, refuses([{ path: "bin/true" }, { path: "./true" }])),
    3: must(TIMEOUT, refuses([{ timeout: 0 }, { timeout: -1 }, { timeout: "5" }])),
    4: as("config.hooks.prestart.3", resolveIn("runtime")),
    5: as("config.hooks.prestart.4", executed("prestart", "runtime")),
    6: as("config.hooks.createRuntime.3", executed("createRuntime", "runtime")),
    7: as("config.hooks.createContainer.4", executed("createContainer", "container")),
    8: as("config.hooks.startContainer.2", resolveIn("container")),
    9: as("config.hooks.startContainer.3", executed("startContainer", "container")),
    10: as("config.hooks.poststart.3", executed("poststart", "runtime")),
    11: as("config.hooks.poststop.3", executed("poststop", "runtime")),
    12: must("Hooks MUST be called in the listed order.", async (c) => {
      await live(
        c,
        Object.fromEntries(
          phases.map((phase) => [phase, [1, 2, 3].map((number) => noting(c, `${phase}${number}`))]),
        ),
      );
      expect(diary(c)).toEqual(phases.flatMap((phase) => [1, 2, 3].map((number) => `${phase}${number}`)));
    }),
    13: must(
      "The state of the container MUST be passed to hooks over stdin so that they may do work appropriate to the current state of the container.",
      async (c) => {
        const one = await live(
          c,
          each((phase) => shell(`echo ${phase} $(tr -d '\\n') >>${diaryOf(c)}`)),
          { annotations: { "com.example.key": "value" } },
        );
        const states = diary(c).map((line) => {
          const [phase = "", ...words] = line.split(" ");
          return { phase, state: JSON.parse(words.join(" ")) };
        });
        const status = {
          prestart: "creating",
          createRuntime: "creating",
          createContainer: "creating",
          startContainer: "created",
          poststart: "running",
          poststop: "stopped",
        };
        for (const { phase, state } of states) {
          expect(breaches("state-schema.json", state)).toEqual([]);
          expect({ phase, ...state }).toMatchObject({
            ...{ id: one.id, bundle: one.bundle, annotations: { "com.example.key": "value" } },
            status: status[phase as HookPhase],
          });
        }
        expect(states.map(({ phase }) => phase)).toEqual([...phases]);
      },
    ),
    14: must(
      "**`args`** (array of strings, OPTIONAL) with the same semantics as IEEE Std 1003.1-2008 `execv`'s *argv*.",
      async (c) => {
        const hook = {
          path: "/bin/sh",
          args: ["sh", "-c", `echo "$0|$1|$2" >>${diaryOf(c)}`, "zero", "a b", ""],
        };
        await live(c, { createRuntime: [hook], startContainer: [hook] });
        expect(diary(c)).toEqual(["zero|a b|", "zero|a b|"]);
      },
    ),
    15: must(
      "**`env`** (array of strings, OPTIONAL) with the same semantics as IEEE Std 1003.1-2008's `environ`.",
      async (c) => {
        const hook = { ...shell(`echo "$ONE,$PATH" >>${diaryOf(c)}`), env: ["ONE=1", "PATH=/nowhere"] };
        await live(c, { createRuntime: [hook], startContainer: [hook] });
        expect(diary(c)).toEqual(["1,/nowhere", "1,/nowhere"]);
      },
    ),
    16: must(
      "**`timeout`** (int, OPTIONAL) is the number of seconds before aborting the hook.",
      async (c) => {
        const began = performance.now();
        const said = await c.refused({ hooks: { createRuntime: [{ ...shell("sleep 60"), timeout: 1 }] } });
        expect(said).toMatch(/createRuntime.*did not end/);
        expect(performance.now() - began).toBeWithin(1000, 10_000);
      },
    ),
  }),
  section("config.hooks.prestart", "Prestart", {
    1: must(asPartOf("prestart"), beforePivot("prestart")),
    2: must("The `prestart` hooks MUST be called before the `createRuntime` hooks.", async (c) => {
      await live(c, { createRuntime: [noting(c, "createRuntime")], prestart: [noting(c, "prestart")] });
      expect(diary(c)).toEqual(["prestart", "createRuntime"]);
    }),
    3: must(pathIn("prestart", "runtime"), resolves("prestart", "runtime")),
    4: must(executed("prestart", "runtime"), executes("prestart", "runtime")),
  }),
  section("config.hooks.createRuntime", "CreateRuntime Hooks", {
    1: must(asPartOf("createRuntime"), beforePivot("createRuntime")),
    2: must(pathIn("createRuntime", "runtime"), resolves("createRuntime", "runtime")),
    3: must(executed("createRuntime", "runtime"), executes("createRuntime", "runtime")),
    4: binds(
      "who writes a hook",
      "The definition of `createRuntime` hooks is currently underspecified and hooks authors, should only expect from the runtime that the mount namespace have been created and the mount operations performed.",
    ),
  }),
  section("config.hooks.createContainer", "CreateContainer Hooks", {
    1: must(asPartOf("createContainer"), beforePivot("createContainer")),
    2: must("The `createContainer` hooks MUST be called after the `createRuntime` hooks.", async (c) => {
      await live(c, {
        createContainer: [noting(c, "createContainer")],
        createRuntime: [noting(c, "createRuntime")],
      });
      expect(diary(c)).toEqual(["createRuntime", "createContainer"]);
    }),
    3: must(pathIn("createContainer", "runtime"), resolves("createContainer", "runtime")),
    4: must(executed("createContainer", "container"), executes("createContainer", "container")),
    5: binds(
      "who writes a hook",
      "The definition of `createContainer` hooks is currently underspecified and hooks authors, should only expect from the runtime that the mount namespace and different mounts will be setup.",
    ),
  }),
  section("config.hooks.startContainer", "StartContainer Hooks", {
    1: must(
      "The `startContainer` hooks MUST be called before the user-specified process is executed as part of the `start` operation.",
      calledIn("startContainer", "start"),
    ),
    2: must(pathIn("startContainer", "container"), resolves("startContainer", "container")),
    3: must(executed("startContainer", "container"), executes("startContainer", "container")),
  }),
  section("config.hooks.poststart", "Poststart", {
    1: must(
      "The `poststart` hooks MUST be called after the user-specified process is executed but before the `start` operation returns.",
      calledIn("poststart", "start"),
    ),
    2: must(pathIn("poststart", "runtime"), resolves("poststart", "runtime")),
    3: must(executed("poststart", "runtime"), executes("poststart", "runtime")),
  }),
  section("config.hooks.poststop", "Poststop", {
    1: must(
      "The `poststop` hooks MUST be called after the container is deleted but before the `delete` operation returns.",
      calledIn("poststop", "delete"),
    ),
    2: must(pathIn("poststop", "runtime"), resolves("poststop", "runtime")),
    3: must(executed("poststop", "runtime"), executes("poststop", "runtime")),
  }),
];
