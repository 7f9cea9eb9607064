/** What a test of the suite is given: the real executable with a state folder of its own, and containers that go with it. */
import { expect } from "bun:test";
import { chmodSync, existsSync } from "node:fs";
import { temporaryFolder } from "../../support/temporary.ts";
import { busybox, type Patch } from "./bundle.ts";
import { removeCgroups } from "./cgroups.ts";
import { type Container, makeContainer } from "./container.ts";
import { execute, type Ran, succeeded } from "./execute.ts";

/** Whether this machine can run containers at all. */
export const canRun = process.getuid?.() === 0 && existsSync(busybox);

/** Every container's cgroup of this test process is below it. */
const CGROUPS = `/inro-conformance-${process.pid}`;

export interface World extends AsyncDisposable {
  /** A folder of the test's own; other users may pass through it. */
  readonly room: string;
  /** `inro-runtime` with these words, and with the state folder of this test. */
  runtime(...words: readonly string[]): Promise<Ran>;
  /** A bundle that nothing was done with yet: the plain container, changed by each patch in turn. */
  container(...patches: readonly Patch[]): Container;
  created(...patches: readonly Patch[]): Promise<Container>;
  running(...patches: readonly Patch[]): Promise<Container>;
  /** What a line of shell writes that runs as the container's program; it has to succeed. */
  inside(script: string, ...patches: readonly Patch[]): Promise<string>;
  /** `create` has to fail and to leave no container; what was said about it. */
  refused(...patches: readonly Patch[]): Promise<string>;
  /**
   * Each `inro-runtime` from now on runs in a mount namespace of its own, and in those that the flags of unshare(1) name,
   * where this line of shell ran before it.
   */
  beforehand(script: string, ...flags: readonly string[]): void;
  /** Done when the test is over, the last one first. */
  undo(step: () => unknown): void;
}

let count = 0;

export function openWorld(): World {
  const folder = temporaryFolder("conformance");
  const room = folder.path;
  chmodSync(room, 0o711);
  const steps: (() => unknown)[] = [() => folder[Symbol.dispose](), () => removeCgroups(CGROUPS)];
  let wrapper: readonly string[] = [];
  const runtime = (...words: readonly string[]) => execute(room, wrapper, words);
  const container = (...patches: readonly Patch[]): Container => {
    const id = `c${process.pid}x${++count}`;
    const made = makeContainer({ room, id, runtime, cgroupsPath: `${CGROUPS}/${id}`, patches });
    steps.push(() => made.delete("--force"));
    return made;
  };
  const created = async (...patches: readonly Patch[]) => {
    const made = container(...patches);
    succeeded(await made.create());
    return made;
  };
  return {
    ...{ room, runtime, container, created },
    running: async (...patches) => {
      const made = await created(...patches);
      succeeded(await made.start());
      return made;
    },
    inside: async (script, ...patches) => {
      const made = container(...patches, { process: { args: ["sh", "-c", script] } });
      return succeeded(await made.run()).stdout;
    },
    refused: (...patches) => refusal(container(...patches)),
    beforehand: (script, ...flags) => {
      wrapper = ["unshare", "--mount", ...flags, "sh", "-ec", `${script}; exec "$@"`, "sh"];
    },
    undo: (step) => void steps.push(step),
    [Symbol.asyncDispose]: () => undo(steps),
  };
}

/** All of them, the last one first, also where one fails; then its error is the test's. */
async function undo(steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

async function refusal(made: Container): Promise<string> {
  const { code, stderr } = await made.create();
  expect({ code, stderr }).toMatchObject({ code: 1 });
  // An error of ours is a sentence; a stack is a defect that happened to stop it.
  expect(stderr).not.toMatch(/\n +at /);
  expect(await made.state()).toBeUndefined();
  return stderr;
}
