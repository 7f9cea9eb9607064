import type { Executor } from "../../kernel/executor/executor.ts";
import { isLost } from "../../kernel/executor/failure.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import type { Plan } from "../../kernel/plan/plan.ts";
import { verify } from "../../kernel/plan/verify.ts";
import { nativeArchitecture } from "../../kernel/seccomp/architecture.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import { makeFifo } from "../../platform/fifo.ts";
import { grantable } from "../capabilities.ts";
import { claimCgroups, placeOf } from "../cgroup-path.ts";
import { compile } from "../compile/compile.ts";
import { explained } from "../execute.ts";
import type { HostFacts } from "../facts.ts";
import { openFilters } from "../filters.ts";
import { recentFacts } from "../recent-facts.ts";
import { survey } from "../survey.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import type { Invocation } from "./commands.ts";
import { sendTerminal } from "./console.ts";
import { withHome } from "./home.ts";
import { execute } from "./hooks.ts";
import { type Passed, passedDescriptors } from "./passed.ts";
import { writePidFile } from "./pid-file.ts";
import { record } from "./record.ts";
import { refuseFlags } from "./refuse-flags.ts";
import { startTimeOf } from "./status.ts";
import {
  CGROUP_PARENT,
  checkContainerId,
  claimFolder,
  claimOf,
  forget,
  gateOf,
  writeSpec,
  writeStored,
} from "./store.ts";
import type { StoredContainer } from "./stored.ts";
import { checkConsole } from "./streams.ts";

/** A container at its start gate, and the native process that brought it there. */
export interface Launched {
  readonly stored: StoredContainer;
  readonly executor: Executor;
  /** What takes the container back, should its executor be killed. */
  readonly undo: readonly Op[];
  readonly terminal: boolean;
}

/**
 * How the start comes: from another process, through a FIFO, and the executor has left; from this one, which leaves then;
 * or from this one, which stays.
 */
type Start = "gated" | "detached" | "attached";

const PRIVATE = 0o600;

/**
 * What `create` and `run` have in common: from a bundle to the gate, its pid written where the caller wants it. Nothing
 * stays when it fails.
 */
export async function launch(invocation: Invocation, start: Start): Promise<Launched> {
  const { root, values, flags, caller } = invocation;
  refuseFlags(invocation);
  const facts = recentFacts(caller.env["PATH"]);
  const id = checkContainerId(invocation.operands[0]);
  const bundle = await readBundle(caller, values.get("bundle") ?? ".");
  const terminal = bundle.spec.process?.terminal === true;
  checkConsole(invocation, terminal, start !== "attached");
  const passed = passedDescriptors(caller, values.get("preserve-fds"));
  claimFolder(root, id);
  const gated = start === "gated";
  const keeps = start === "attached" && flags.has("keep");
  let executor: Executor | undefined;
  let undo: readonly Op[] = [];
  try {
    executor = await caller.executor(passed.count);
    if (gated && !makeFifo(gateOf(root, id), PRIVATE)) throw new Error(`cannot make ${gateOf(root, id)}`);
    const { plan, creating } = await prepare({
      executor,
      facts,
      invocation,
      id,
      bundle,
      gated,
      keeps,
      passed,
    });
    undo = plan.undo;
    const stored = await bringToGate(invocation, executor, plan, creating);
    if (gated) await executor.detach();
    return { stored, executor, undo, terminal };
  } catch (cause) {
    await executor?.close();
    // One that was killed took nothing back: another does.
    if (isLost(cause) && undo.length > 0)
      for (const { message } of await execute(await invocation.native(), undo, false))
        invocation.warn(message);
    forget(root, id);
    throw explained(cause, nativeArchitecture());
  }
}

interface Ingredients {
  readonly executor: Executor;
  readonly facts: HostFacts;
  readonly invocation: Invocation;
  readonly id: string;
  readonly bundle: Bundle;
  readonly gated: boolean;
  readonly keeps: boolean;
  readonly passed: Passed;
}

/** The plan, proven, and what is remembered of the container while it is executed. */
async function prepare(from: Ingredients): Promise<{ plan: Plan; creating: StoredContainer }> {
  const { executor, id, bundle, gated, keeps, passed } = from;
  const { root, flags } = from.invocation;
  const asked = withEnv(withHome(bundle.spec, bundle.rootfs), passed.env);
  const { boundingSet } = from.facts;
  const process = asked.process && grantable(asked.process, boundingSet, from.invocation.warn);
  const spec = process === undefined ? asked : { ...asked, process };
  const { cgroupPath, facts } = placeOf(spec, CGROUP_PARENT, id, from.facts);
  const cgroups = claimCgroups(spec, cgroupPath, facts);
  const becauseOf = (pointer: string): string => pointer;
  const [surveyed, filter] = await Promise.all([
    survey(executor, spec, becauseOf, facts),
    openFilters(`${root}/.filters`, facts.architecture)(spec.linux?.seccomp),
  ]);
  const fifo = gated ? gateOf(root, id) : undefined;
  const plan = compile({
    ...{ id, spec, facts, filter, cgroupPath, becauseOf, ...surveyed, bundle: bundle.path },
    rootfs: { kind: "folder", path: bundle.rootfs },
    keeper: {
      kind: "caller",
      fifo,
      descriptors: passed.count,
      claim: keeps ? undefined : claimOf(root, id),
    },
    useInit: false,
    newKeyring: !flags.has("no-new-keyring"),
    fragments: [],
  });
  verify(plan, surveyed);
  await from.invocation.explain?.(plan, surveyed.ops);
  writeSpec(root, id, bundle.spec);
  return {
    plan,
    creating: record({ id, bundle, gated, cgroupPath, cgroups, creator: from.invocation.caller.pid }),
  };
}

function withEnv(spec: RuntimeSpec, more: readonly string[]): RuntimeSpec {
  if (more.length === 0 || spec.process === undefined) return spec;
  return { ...spec, process: { ...spec.process, env: [...(spec.process.env ?? []), ...more] } };
}

/** Executes the plan; the terminal, the state and the pid go where they are wanted. */
async function bringToGate(
  invocation: Invocation,
  executor: Executor,
  plan: Plan,
  creating: StoredContainer,
): Promise<StoredContainer> {
  const { root, values, caller } = invocation;
  writeStored(root, creating);
  const { pid } = await executor.plan(plan);
  const stored = { ...creating, creating: false, pid, startTime: startTimeOf(pid) ?? "0" };
  await sendTerminal(invocation, executor);
  writeStored(root, stored);
  const pidFile = values.get("pid-file");
  if (pidFile !== undefined) writePidFile(caller.path(pidFile), pid);
  return stored;
}
