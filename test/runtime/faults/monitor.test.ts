import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Act } from "../../../src/kernel/plan/act.ts";
import { InroError } from "../../../src/oci/error.ts";
import type { Container } from "../../../src/runtime/runtime.ts";
import { type Fault, faultyProgram } from "../../native/faulty.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { canRun, removeTestCgroups, type TestContainer, testContainer } from "../container.ts";
import { leftOf, stride } from "./left.ts";

const room = temporaryFolder("faults");
const faulty = canRun ? faultyProgram(room.path) : undefined;
afterAll(async () => {
  room[Symbol.dispose]();
  await removeTestCgroups();
});

const hook = { path: "/bin/sh", args: ["sh", "-c", "cat"], env: ["PATH=/bin"] };

/** A container of the engine's, with what makes a plan long. */
const container = (): Promise<TestContainer> =>
  testContainer({
    args: ["true"],
    native: faulty?.path ?? "",
    spec: { hooks: { createRuntime: [hook], createContainer: [hook], startContainer: [hook] } },
    linux: {
      resources: { pids: { limit: 50 } },
      seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["acct"], action: "SCMP_ACT_ERRNO" }] },
    },
  });

async function expectNothing(c: TestContainer, fault: Fault): Promise<void> {
  const left = await leftOf({ program: faulty?.path ?? "", id: c.id, folder: c.folder });
  expect({ fault, left }).toEqual({ fault, left: [] });
}

/** What went wrong; undefined when nothing did. */
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (cause: unknown) => cause ?? "nothing said",
  );

/** Acts of dozens of operations. */
const LONG: readonly Fault["act"][] = ["host", "build", "confine"];

/** Tries a fault at each operation, until there is no such operation and all is well. */
async function everyStep(
  fault: Omit<Fault, "index">,
  live: (c: TestContainer) => Promise<boolean>,
): Promise<number> {
  const step = LONG.includes(fault.act) ? stride(3) : 1;
  for (let index = 0; ; index += step) {
    const here: Fault = { ...fault, index };
    await using c = await container();
    faulty?.set(here);
    const failed = await live(c);
    faulty?.set(undefined);
    await expectNothing(c, here);
    if (!failed) return index;
  }
}

/** Whether create failed. One that did not is ended. */
async function create(c: TestContainer): Promise<boolean> {
  const made: { container?: Container } = {};
  const failed = await failureOf(c.create().then((container) => Object.assign(made, { container })));
  faulty?.set(undefined);
  if (made.container !== undefined) {
    await made.container.signal(9);
    await end(c, made.container);
  } else expect(failed).toBeInstanceOf(InroError);
  return failed !== undefined;
}

/** What the engine does at a container's end. */
async function end(c: TestContainer, container: Container): Promise<void> {
  const undone = await container.exited.then(
    (exit) => exit.undone,
    () => false,
  );
  container.close();
  if (!undone) await c.runtime.undo(c.folder);
}

/** Whether anything but its program's own end came up. */
async function live(c: TestContainer): Promise<boolean> {
  const container = await c.create();
  const failed = await failureOf(container.start());
  const ended = container.exited.then(
    (exit) => exit.undone && exit.signal === 0 && exit.code === 0,
    () => false,
  );
  const well = failed === undefined && (await ended);
  faulty?.set(undefined);
  await end(c, container);
  return !well;
}

const EXECUTORS: readonly Act[] = ["host", "clone", "map"];
const CHILDS: readonly Act[] = ["build", "confine"];

describe.skipIf(!canRun)("a container of the engine leaves nothing", () => {
  test.each(EXECUTORS)("when its executor is killed at any operation of act %s", async (act) => {
    expect(await everyStep({ how: "killed", act }, create)).toBeGreaterThan(0);
    expect(await everyStep({ how: "killed after", act }, create)).toBeGreaterThan(0);
  });

  test.each(CHILDS)("when its first process is killed at any operation of act %s", async (act) => {
    expect(await everyStep({ how: "killed", act }, create)).toBeGreaterThan(10);
  });

  test.each(CHILDS)(
    "when its executor is killed while the child is at any operation of act %s",
    async (act) => {
      expect(await everyStep({ how: "orphaned", act }, create)).toBeGreaterThan(10);
    },
  );

  test.each([...EXECUTORS, ...CHILDS])("when any operation of act %s fails", async (act) => {
    expect(await everyStep({ how: "refused", act }, create)).toBeGreaterThan(0);
  });

  test("when its monitor is killed as soon as it has begun", async () => {
    await using c = await container();
    const fault = { how: "killed", act: "monitor", index: 0 } as const;
    faulty?.set(fault);
    expect(await create(c)).toBe(true);
    await expectNothing(c, fault);
  });

  test.each(["killed", "orphaned", "refused"] as const)(
    "when its start is %s at any operation",
    async (how) => {
      expect(await everyStep({ how, act: "become" }, live)).toBeGreaterThan(2);
    },
  );

  test.each(["killed", "killed after"] as const)(
    "when its monitor is %s any operation of the undo",
    async (how) => {
      expect(await everyStep({ how, act: "undo" }, live)).toBeGreaterThan(2);
    },
  );

  test.each([...EXECUTORS, ...CHILDS])(
    "when the engine and the executor are killed at act %s",
    async (act) => {
      for (const index of [0, 1, 5, 12]) {
        const here = { how: "deserted and orphaned", act, index } as const;
        await using c = await container();
        faulty?.set(here);
        const creating = Bun.spawn([process.execPath, join(import.meta.dir, "engine.ts")], {
          stdio: [
            Buffer.from(JSON.stringify({ request: c.request, native: faulty?.path ?? "" })),
            "ignore",
            "ignore",
          ],
        });
        await creating.exited;
        faulty?.set(undefined);
        // What the next engine does with a container whose start was never answered.
        const left = await c.runtime.reconnect(c.id, c.folder, c.request.socketFolder);
        if (left === undefined) await c.runtime.undo(c.folder);
        else await left.signal(9).then(() => end(c, left));
        await expectNothing(c, here);
      }
    },
  );
});
