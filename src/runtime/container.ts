import { setFrozen } from "../kernel/cgroup/freezer.ts";
import { type CgroupSet, killAll, processesOf } from "../kernel/cgroup/set.ts";
import { readStats } from "../kernel/cgroup/stats/stats.ts";
import { openExecutor } from "../kernel/executor/executor.ts";
import type { Plan } from "../kernel/plan/plan.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import { verify } from "../kernel/plan/verify.ts";
import { InroError } from "../oci/error.ts";
import type { Exit } from "../oci/exit.ts";
import { joinedPaths } from "./cgroup-path.ts";
import { compileExec } from "./compile/exec.ts";
import { hookOps, subjectOf } from "./compile/hooks.ts";
import { setgroupsOf } from "./entry.ts";
import type { HostFacts } from "./facts.ts";
import { failureOf, failuresOf } from "./failure.ts";
import type { AssembleFilter } from "./filters.ts";
import type { Kept } from "./kept.ts";
import { updateLive } from "./live-limits.ts";
import type { Started } from "./monitor/answers.ts";
import type { Monitor } from "./monitor/monitor.ts";
import type { Container, ExecRequest, ExecSession } from "./runtime.ts";

const SIGKILL = 9;

/** What a container's verbs work with. */
export interface Live {
  readonly id: string;
  /** The container's own. */
  readonly folder: string;
  readonly native: string;
  readonly pid: number;
  readonly cgroupPath: string;
  /** More than its plan made when an update has asked for another hierarchy. */
  cgroups: CgroupSet;
  readonly plannedCgroups: number;
  readonly recall: () => Kept;
  readonly monitor: Monitor;
  readonly facts: HostFacts;
  readonly assemble: AssembleFilter;
}

export function containerOf(live: Live): Container {
  const { id, pid, monitor } = live;
  return {
    id,
    pid,
    exited: exited(live),
    start: () => start(live),
    signal: (number) => signal(live, number),
    resize: (size) => monitor.resize(size),
    attach: (request) => monitor.attach(request),
    exec: (request) => exec(live, request),
    endExec: (id) => endExec(monitor, id),
    clearLog: () => monitor.clearLog(),
    pause: () => setFrozen(live.cgroups, true),
    resume: () => setFrozen(live.cgroups, false),
    update: (resources) => updateLive(live, resources),
    stats: async () => ({ readAt: new Date(), ...readStats(live.cgroups) }),
    processes: async () => processesOf(live.cgroups),
    serveNames: (handler) => monitor.serveNames(handler),
    awaitKills: (known) => monitor.awaitKills(known),
    close: () => monitor.close(),
  };
}

/** A cgroup that an update has added is unknown to the monitor: then something is left to be undone. */
function exited(live: Live): Promise<Exit> {
  const exited = live.monitor.exited.then((exit) => ({
    ...exit,
    undone: exit.undone && live.cgroups.length === live.plannedCgroups,
  }));
  exited.catch(() => {});
  return exited;
}

async function start(live: Live): Promise<readonly OpRecord[]> {
  const { plan, spec } = live.recall();
  if (plan === null) throw new Error(`the plan of ${live.id} is another version's`);
  const records = started(live, plan, await live.monitor.start(plan));
  if ((spec.hooks?.poststart ?? []).length > 0) await callPoststart(live);
  return records;
}

/** runtime.md, "Lifecycle", 9: a hook that fails stops the container; its monitor then goes on with the rest. */
async function callPoststart(live: Live): Promise<void> {
  const { id, folder, pid, native, facts } = live;
  const { spec } = live.recall();
  const ops = hookOps("poststart", subjectOf({ spec, id, bundle: folder }), { pid });
  using executor = openExecutor(native);
  const records = await executor.batch(ops);
  const [failure] = failuresOf(ops, records, facts.architecture);
  if (failure === undefined) return;
  await signal(live, SIGKILL).catch(() => {});
  throw failure;
}

/** A kill takes everything in the container, also where pid 1 is the host's or the processes are frozen. */
async function signal({ monitor, cgroups }: Live, number: number): Promise<void> {
  await monitor.signal(number);
  if (number === SIGKILL) await killAll(cgroups);
}

const SOON_MS = 10;

async function endExec(monitor: Monitor, id: string): Promise<void> {
  for (;;)
    try {
      await monitor.signal(SIGKILL, id);
      break;
    } catch (cause) {
      // One that is being started has no process to be reached yet.
      if ((await monitor.state(id)).status !== "created") throw cause;
      await new Promise((resolve) => setTimeout(resolve, SOON_MS));
    }
  await monitor.wait(id);
}

/** The records of a start; what failed is thrown. */
function started({ facts }: Live, plan: Plan, answer: Started): readonly OpRecord[] {
  const { records } = answer;
  const failed = records.find(({ errno }) => errno !== 0);
  const op = failed === undefined ? undefined : plan[failed.act][failed.index];
  if (failed !== undefined && op !== undefined) throw failureOf(op, failed, facts.architecture);
  if (!answer.runs) {
    throw new InroError("START_FAILED", { what: "cannot start the program", why: "no operation says why" });
  }
  return records;
}

async function exec(live: Live, request: ExecRequest): Promise<ExecSession> {
  const { pid, cgroupPath, cgroups, monitor, facts } = live;
  const { spec } = live.recall();
  const plan = compileExec({
    process: request.process,
    spec,
    pid,
    facts,
    filter: await live.assemble(spec.linux?.seccomp),
    setgroups: setgroupsOf(spec, pid),
    cgroups: joinedPaths(cgroups, cgroupPath, facts.hierarchies, pid),
    keeper: { kind: "monitor", openStdin: request.openStdin },
    container: { id: live.id, bundle: live.folder },
  });
  verify(plan);
  const { id, attach } = request;
  const answer = await monitor.exec({ session: id, ...attach, plan });
  const records = started(live, plan, answer);
  if (answer.stream === null) throw new Error(`exec ${id} runs without a stream`);
  return {
    pid: answer.pid,
    records,
    stream: answer.stream,
    exited: monitor.wait(id),
    resize: (size) => monitor.resize(size, id),
    signal: (number) => monitor.signal(number, id),
  };
}
