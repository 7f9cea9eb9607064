import type { Executor } from "../../kernel/executor/executor.ts";
import type { Plan } from "../../kernel/plan/plan.ts";
import { verify } from "../../kernel/plan/verify.ts";
import { nativeArchitecture } from "../../kernel/seccomp/architecture.ts";
import { InroError } from "../../oci/error.ts";
import type { RuntimeSpec, SpecProcess } from "../../oci/runtime-spec.ts";
import { grantable } from "../capabilities.ts";
import { compileExec } from "../compile/exec.ts";
import { setgroupsOf } from "../entry.ts";
import { explained } from "../execute.ts";
import { openFilters } from "../filters.ts";
import { recentFacts } from "../recent-facts.ts";
import type { Invocation } from "./commands.ts";
import { sendTerminal } from "./console.ts";
import { cgroupsOf } from "./exec-cgroups.ts";
import { execProcess } from "./exec-process.ts";
import { stayWith } from "./foreground.ts";
import { passedDescriptors } from "./passed.ts";
import { writePidFile } from "./pid-file.ts";
import { statusOf } from "./status.ts";
import { checkContainerId, readSpec, readStored } from "./store.ts";
import type { StoredContainer } from "./stored.ts";
import { checkConsole } from "./streams.ts";

/** One more program in a container; without --detach it stays, and ends as the program does. */
export async function execCommand(invocation: Invocation): Promise<number> {
  const { root, values, flags, caller } = invocation;
  const stored = readStored(root, checkContainerId(invocation.operands[0]));
  checkStatus(invocation, stored);
  const passed = passedDescriptors(caller, values.get("preserve-fds"));
  const spec = readSpec(root, stored.id);
  const process = await execProcess(invocation, spec, stored.rootfs, passed.env);
  const detach = flags.has("detach");
  checkConsole(invocation, process.terminal === true, detach);
  using executor = await caller.executor(passed.count);
  try {
    const plan = await planOf(invocation, { stored, spec, process, descriptors: passed.count });
    return await execute(invocation, executor, plan, process.terminal === true);
  } catch (cause) {
    await executor.close();
    throw explained(cause, nativeArchitecture());
  }
}

async function execute(
  invocation: Invocation,
  executor: Executor,
  plan: Plan,
  terminal: boolean,
): Promise<number> {
  const { values, flags, caller } = invocation;
  const { pid } = await executor.plan(plan);
  await sendTerminal(invocation, executor);
  const pidFile = values.get("pid-file");
  const started = (): void => {
    if (pidFile !== undefined) writePidFile(caller.path(pidFile), pid);
  };
  if (!flags.has("detach")) return await stayWith({ executor, terminal, started });
  await executor.startAndLeave();
  started();
  return 0;
}

interface Wanted {
  readonly stored: StoredContainer;
  readonly spec: RuntimeSpec;
  readonly process: SpecProcess;
  readonly descriptors: number;
}

async function planOf({ root, lists, warn, explain, caller }: Invocation, wanted: Wanted): Promise<Plan> {
  const { stored, spec, process, descriptors } = wanted;
  const facts = recentFacts(caller.env["PATH"]);
  const plan = compileExec({
    process: grantable(process, facts.boundingSet, warn),
    spec,
    pid: stored.pid,
    facts,
    filter: await openFilters(`${root}/.filters`, facts.architecture)(spec.linux?.seccomp),
    setgroups: setgroupsOf(spec, stored.pid),
    cgroups: cgroupsOf(stored, facts.hierarchies, lists.get("cgroup") ?? []),
    container: { id: stored.id, bundle: stored.bundle },
    keeper: { kind: "caller", startTime: BigInt(stored.startTime), descriptors },
  });
  verify(plan);
  await explain?.(plan, []);
  return plan;
}

/** runc's words, which its callers look for. */
function checkStatus({ root, flags }: Invocation, stored: StoredContainer): void {
  const status = statusOf(root, stored);
  const what = `cannot execute a program in the container "${stored.id}"`;
  if (status === "stopped" || status === "creating")
    throw new InroError("NOT_RUNNING", { what, why: "container not running" });
  // Without it the program would wait, unseen, until somebody resumes the container.
  if (status !== "paused" || flags.has("ignore-paused")) return;
  throw new InroError("CONTAINER_PAUSED", {
    what,
    why: "it is paused",
    hint: "resume it, or have the program wait for that with --ignore-paused",
  });
}
