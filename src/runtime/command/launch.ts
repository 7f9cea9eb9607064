import { writeFileSync } from "node:fs";
import type { CgroupSet } from "../../kernel/cgroup/set.ts";
import { type BlockingExecutor, openBlockingExecutor } from "../../kernel/executor/blocking.ts";
import { isLost } from "../../kernel/executor/failure.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import type { Plan } from "../../kernel/plan/plan.ts";
import { verify } from "../../kernel/plan/verify.ts";
import { nativeArchitecture } from "../../kernel/seccomp/architecture.ts";
import { InroError } from "../../oci/error.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import { makeFifo } from "../../platform/fifo.ts";
import { cgroupPathOf, claimCgroups } from "../cgroup-path.ts";
import { compile } from "../compile/compile.ts";
import { explained } from "../execute.ts";
import { type HostFacts, readFacts } from "../facts.ts";
import { openFilters } from "../filters.ts";
import { survey } from "../survey.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import { withHome } from "./home.ts";
import { execute, laterHooks } from "./hooks.ts";
import type { Invocation } from "./main.ts";
import { startTimeOf } from "./status.ts";
import { checkContainerId, claimFolder, forget, gateOf, type StoredContainer, writeStored } from "./store.ts";

/** A container at its start gate, and the native process that brought it there. */
export interface Launched {
  readonly stored: StoredContainer;
  readonly executor: BlockingExecutor;
  /** What takes the container back, should its executor be killed. */
  readonly undo: readonly Op[];
}

const CGROUP_PARENT = "/inro-runtime";
const PRIVATE = 0o600;

/**
 * What `create` and `run` have in common: from a bundle to the gate, its pid written where the caller wants it. `gated`:
 * the start comes from another process, through a FIFO, and the executor has left. Nothing stays when it fails.
 */
export async function launch(invocation: Invocation, gated: boolean): Promise<Launched> {
  const { root, values, native } = invocation;
  const facts = readFacts();
  const id = checkContainerId(invocation.operands[0]);
  const bundle = readBundle(values.get("bundle") ?? ".");
  const terminal = bundle.spec.process?.terminal === true;
  const socket = values.get("console-socket");
  if (terminal && socket === undefined) throw noConsoleSocket();
  const program = native();
  claimFolder(root, id);
  const executor = openBlockingExecutor(program, [0, 1, 2]);
  let undo: readonly Op[] = [];
  try {
    if (gated && !makeFifo(gateOf(root, id), PRIVATE)) throw new Error(`cannot make ${gateOf(root, id)}`);
    const keeps = !gated && invocation.flags.has("keep");
    const { plan, creating } = await prepare({ executor, facts, root, id, bundle, gated, keeps });
    undo = plan.undo;
    writeStored(root, creating);
    const { pid } = executor.plan(plan);
    const stored = { ...creating, creating: false, pid, startTime: startTimeOf(pid) ?? "" };
    if (terminal && socket !== undefined) await sendTerminal(executor, socket);
    writeStored(root, stored);
    const pidFile = values.get("pid-file");
    if (pidFile !== undefined) writeFileSync(pidFile, String(pid));
    if (gated) executor.detach();
    return { stored, executor, undo };
  } catch (cause) {
    await executor.close();
    // One that was killed took nothing back: another does.
    if (isLost(cause)) for (const { message } of execute(program, undo, false)) invocation.warn(message);
    forget(root, id);
    throw explained(cause, nativeArchitecture());
  }
}

interface Ingredients {
  readonly executor: BlockingExecutor;
  readonly facts: HostFacts;
  readonly root: string;
  readonly id: string;
  readonly bundle: Bundle;
  readonly gated: boolean;
  readonly keeps: boolean;
}

/** The plan, proven, and what is remembered of the container while it is executed. */
async function prepare(from: Ingredients): Promise<{ plan: Plan; creating: StoredContainer }> {
  const { executor, facts, root, id, bundle, gated, keeps } = from;
  const spec = withHome(bundle.spec, bundle.rootfs);
  const cgroupPath = cgroupPathOf(spec, CGROUP_PARENT, id);
  const cgroups = claimCgroups(spec, cgroupPath, facts);
  const becauseOf = (pointer: string): string => pointer;
  const [surveyed, filter] = await Promise.all([
    survey(executor, spec, becauseOf, facts.architecture),
    openFilters(`${root}/.filters`, facts.architecture)(spec.linux?.seccomp),
  ]);
  const plan = compile({
    ...{ id, spec, facts, filter, cgroupPath, becauseOf, ...surveyed, bundle: bundle.path },
    rootfs: { kind: "folder", path: bundle.rootfs },
    keeper: { kind: "caller", fifo: gated ? gateOf(root, id) : undefined, keeps },
    useInit: false,
    fragments: [],
  });
  verify(plan, surveyed);
  return { plan, creating: record({ id, bundle, spec, cgroups, gated }) };
}

function record(from: {
  id: string;
  bundle: Bundle;
  spec: RuntimeSpec;
  cgroups: CgroupSet;
  gated: boolean;
}): StoredContainer {
  const { id, bundle, spec, cgroups, gated } = from;
  return {
    version: 1,
    ociVersion: spec.ociVersion,
    id,
    bundle: bundle.path,
    annotations: spec.annotations ?? {},
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? "",
    cgroups,
    created: new Date().toISOString(),
    owner: process.getuid?.() ?? 0,
    gated,
    creating: true,
    hooks: laterHooks(spec),
  };
}

async function sendTerminal(executor: BlockingExecutor, socket: string): Promise<void> {
  const { sendTerminalMaster } = await import("./console.ts");
  await sendTerminalMaster(executor.pid, socket);
}

function noConsoleSocket(): InroError {
  return new InroError("USAGE", {
    what: "cannot give the container a terminal",
    why: "no --console-socket is named to send it to",
    hint: 'name one, or set "terminal" to false in config.json',
    at: "/process/terminal",
  });
}
