import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Act } from "../../../src/kernel/plan/act.ts";
import { InroError } from "../../../src/oci/error.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import type { Invocation } from "../../../src/runtime/command/commands.ts";
import { createCommand } from "../../../src/runtime/command/create.ts";
import { deleteCommand } from "../../../src/runtime/command/delete.ts";
import { runCommand } from "../../../src/runtime/command/run.ts";
import { startCommand } from "../../../src/runtime/command/start.ts";
import { makeRootfs, plainSpec } from "../../conformance/suite/bundle.ts";
import { canRun } from "../../conformance/suite/world.ts";
import { type Fault, faultyProgram } from "../../native/faulty.ts";
import { ownCaller } from "../../support/caller.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { leftOf, processesLeft, stride } from "./left.ts";

const CGROUPS = `/inro-faults-${process.pid}`;
const room = temporaryFolder("faults");
afterAll(() => {
  room[Symbol.dispose]();
  for (const folder of globSync(`/sys/fs/cgroup/{.,*}${CGROUPS}`)) rmdirSync(folder);
});
// The program is started by a container's users too.
chmodSync(room.path, 0o711);

/** Everything that a plan can have, on this kernel: limits, devices, masks, hooks, a filter, users of its own. */
function richSpec(id: string): RuntimeSpec {
  const plain = plainSpec(`${CGROUPS}/${id}`);
  const hook = { path: "/bin/sh", args: ["sh", "-c", "cat"], env: ["PATH=/bin"] };
  return {
    ...plain,
    hostname: "faulty",
    process: {
      ...(plain.process as object),
      args: ["true"],
      rlimits: [{ type: "RLIMIT_NOFILE", soft: 64, hard: 64 }],
    } as never,
    hooks: {
      createRuntime: [hook],
      createContainer: [hook],
      startContainer: [hook],
      poststop: [{ ...hook, args: ["sh", "-c", `echo called >>${room.path}/poststop`] }],
    },
    linux: {
      ...plain.linux,
      namespaces: [...(plain.linux?.namespaces ?? []), { type: "cgroup" }],
      resources: { pids: { limit: 50 }, memory: { limit: 100_000_000 } },
      maskedPaths: ["/proc/kcore"],
      readonlyPaths: ["/proc/sys"],
      seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["acct"], action: "SCMP_ACT_ERRNO" }] },
    },
  };
}

/** The same with a user namespace: its handshake is part of the plan then. Sysfs then needs a network of its own. */
function mappedSpec(id: string): RuntimeSpec {
  const rich = richSpec(id);
  const maps = [{ containerID: 0, hostID: 0, size: 65_536 }];
  const namespaces = [
    ...(rich.linux?.namespaces ?? []),
    { type: "user" as const },
    { type: "network" as const },
  ];
  return { ...rich, linux: { ...rich.linux, namespaces, uidMappings: maps, gidMappings: maps } };
}

const faulty = canRun ? faultyProgram(room.path) : undefined;
const state = join(room.path, "state");

function bundleOf(name: string, spec: (id: string) => RuntimeSpec): string {
  const folder = join(room.path, name);
  mkdirSync(folder);
  makeRootfs(join(folder, "rootfs"));
  writeFileSync(join(folder, "config.json"), JSON.stringify(spec(name)));
  return folder;
}

function invocation(id: string, bundle: string, ...flags: string[]): Invocation {
  return {
    caller: ownCaller(faulty?.path ?? ""),
    root: state,
    systemdCgroup: false,
    flags: new Set(flags),
    lists: new Map(),
    values: new Map([["bundle", bundle]]),
    operands: [id],
    native: async () => faulty?.path ?? "",
    warn: () => {},
  };
}

const calls = (): number => {
  const path = join(room.path, "poststop");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
};

type Verb = (invocation: Invocation) => Promise<number> | number;

/** What a verb threw, or its exit code; undefined when it did what it should. */
async function attempt(verb: Verb, of: Invocation): Promise<unknown> {
  try {
    return (await verb(of)) || undefined;
  } catch (cause) {
    return cause;
  }
}

async function expectNothing(id: string, fault: Fault | string): Promise<void> {
  const left = await leftOf({ program: faulty?.path ?? "", id, folder: room.path });
  const files = existsSync(state) ? readdirSync(state).filter((name) => name === id) : [];
  expect({ fault, left, files }).toEqual({ fault, left: [], files: [] });
}

/** Acts that have an executor to be killed, or a child. */
const EXECUTORS: readonly Act[] = ["host", "clone", "map"];
const CHILDS: readonly Act[] = ["build", "confine"];

interface Subject {
  readonly id: string;
  readonly bundle: string;
  /** From one fault to the next. */
  readonly step: number;
}

/** How many operations there were to fail at. */
async function everyStep({ id, bundle, step }: Subject, fault: Omit<Fault, "index">): Promise<number> {
  expect(await createCommand(invocation(id, bundle))).toBe(0);
  expect(await deleteCommand(invocation(id, bundle, "force"))).toBe(0);
  for (let index = 0; ; index += step) {
    const here: Fault = { ...fault, index };
    faulty?.set(here);
    const failed = await attempt(createCommand, invocation(id, bundle));
    faulty?.set(undefined);
    if (failed === undefined) {
      // There is no such operation any more: the container was created.
      expect(await deleteCommand(invocation(id, bundle, "force"))).toBe(0);
      await expectNothing(id, here);
      return index;
    }
    expect(failed).toBeInstanceOf(InroError);
    await expectNothing(id, here);
  }
}

describe.skipIf(!canRun).each([
  ["plain", richSpec, 1],
  ["mapped", mappedSpec, stride(3)],
] as const)("create, of a %s container, leaves nothing", (name, spec, step) => {
  const id = `${name}${process.pid}`;
  const bundle = bundleOf(id, spec);
  const subject = { id, bundle, step };

  test.each(EXECUTORS)("when the executor is killed at any operation of act %s", async (act) => {
    expect(await everyStep(subject, { how: "killed", act })).toBeGreaterThan(0);
    expect(await everyStep(subject, { how: "killed after", act })).toBeGreaterThan(0);
  });

  test.each(CHILDS)("when the child is killed at any operation of act %s", async (act) => {
    expect(await everyStep(subject, { how: "killed", act })).toBeGreaterThan(10);
  });

  test.each(CHILDS)(
    "when the executor is killed while its child is at any operation of act %s",
    async (act) => {
      expect(await everyStep(subject, { how: "orphaned", act })).toBeGreaterThan(10);
    },
  );

  test.each([...EXECUTORS, ...CHILDS])("when any operation of act %s fails", async (act) => {
    expect(await everyStep(subject, { how: "refused", act })).toBeGreaterThan(0);
  });

  test("when the executor is killed as it leaves the child at its gate", async () => {
    for (const how of ["killed", "killed after"] as const) {
      faulty?.set({ how, act: "gate", index: 0 });
      expect(await attempt(createCommand, invocation(id, bundle))).toMatchObject({ code: "EXECUTOR_LOST" });
      faulty?.set(undefined);
      await expectNothing(id, how);
    }
  });

  test("when the executor is killed in the survey", async () => {
    // This bundle has no binds: nothing is asked, so its first batch is a poststop hook's.
    faulty?.set({ how: "killed", act: "batch", index: 0 });
    expect(await createCommand(invocation(id, bundle))).toBe(0);
    const before = calls();
    expect(await attempt(deleteCommand, invocation(id, bundle, "force"))).toMatchObject({
      code: "EXECUTOR_LOST",
    });
    faulty?.set(undefined);
    await expectNothing(id, "survey");
    expect(calls()).toBe(before);
  });
});

/** Each costs a process of Bun's. */
const STRIDE = stride(7);

describe.skipIf(!canRun)("a create that was killed leaves what delete takes away", () => {
  const id = `killed${process.pid}`;
  const bundle = bundleOf(id, richSpec);

  test.each(
    (["deserted", "deserted and orphaned"] as const).flatMap((how) =>
      ([...EXECUTORS, ...CHILDS, ...(how === "deserted" ? [] : ["gate" as const])] as const).map(
        (act) => [how, act] as const,
      ),
    ),
  )("%s at any operation of act %s", async (how, act) => {
    for (let index = 0; ; index += STRIDE) {
      const here = { how, act, index } as const;
      faulty?.set(here);
      const creating = Bun.spawn(
        [process.execPath, join(import.meta.dir, "create.ts"), state, bundle, id, faulty?.path ?? ""],
        { stdio: ["ignore", "ignore", "ignore"] },
      );
      const code = await creating.exited;
      faulty?.set(undefined);
      if (code === 0) {
        await deleteCommand(invocation(id, bundle));
        await expectNothing(id, here);
        return;
      }
      expect({ here, signal: creating.signalCode }).toEqual({ here, signal: "SIGKILL" });
      // Before anybody takes it away. The executor that outlived its caller has undone all, in the other case nobody could.
      const program = faulty?.path ?? "";
      const left =
        how === "deserted" ? await leftOf({ program, id, folder: room.path }) : await processesLeft(program);
      expect({ here, left }).toEqual({ here, left: [] });
      expect(await attempt(createCommand, invocation(id, bundle))).toMatchObject({
        code: "CONTAINER_EXISTS",
        message: expect.stringContaining("delete that container"),
      });
      expect(await attempt(deleteCommand, invocation(id, bundle))).toBeUndefined();
      await expectNothing(id, here);
    }
  });
});

describe.skipIf(!canRun)("start leaves what delete takes away", () => {
  const id = `start${process.pid}`;
  const bundle = bundleOf(id, richSpec);

  test.each(["killed", "refused"] as const)(
    "when the child is %s at any operation of act become",
    async (how) => {
      for (let index = 0; index < 10; index++) {
        const here = { how, act: "become", index } as const;
        faulty?.set(here);
        expect(await createCommand(invocation(id, bundle))).toBe(0);
        const failed = await attempt(startCommand, invocation(id, bundle));
        faulty?.set(undefined);
        // A hook that fails has destroyed the container already.
        await attempt(deleteCommand, invocation(id, bundle, "force"));
        await expectNothing(id, here);
        if (failed === undefined && index > 2) return;
      }
      throw new Error("act become has no end");
    },
  );
});

describe.skipIf(!canRun)("run leaves nothing", () => {
  const id = `run${process.pid}`;
  const bundle = bundleOf(id, richSpec);

  test.each([
    ["killed", "become"],
    ["refused", "become"],
    ["orphaned", "become"],
    ["killed", "undo"],
    ["killed after", "undo"],
  ] as const)("when a process is %s at any operation of act %s", async (how, act) => {
    for (let index = 0; index < 20; index++) {
      const here = { how, act, index } as const;
      faulty?.set(here);
      const failed = await attempt(runCommand, invocation(id, bundle));
      faulty?.set(undefined);
      await expectNothing(id, here);
      if (failed === undefined) return;
    }
    throw new Error(`act ${act} has no end`);
  });
});
