import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CgroupSet, killAll } from "../kernel/cgroup/set.ts";
import { type Executor, openExecutor } from "../kernel/executor/executor.ts";
import { isLost } from "../kernel/executor/failure.ts";
import type { Op } from "../kernel/plan/operations.ts";
import type { Plan } from "../kernel/plan/plan.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import { verify } from "../kernel/plan/verify.ts";
import { InroError } from "../oci/error.ts";
import { Undo } from "../oci/undo.ts";
import { claimCgroups, type Place, placeOf } from "./cgroup-path.ts";
import { compile } from "./compile/compile.ts";
import type { Keeper } from "./compile/context.ts";
import { hasHooks, rootfsPath } from "./compile/hooks.ts";
import { containerOf } from "./container.ts";
import { explained } from "./execute.ts";
import { type HostFacts, readFacts } from "./facts.ts";
import { failuresOf } from "./failure.ts";
import { type AssembleFilter, openFilters } from "./filters.ts";
import { houseMonitor } from "./housing.ts";
import { type Kept, readKept, readUndo, recalled, writeKept, writeUndo } from "./kept.ts";
import { joinedLater } from "./live-limits.ts";
import { connectMonitor, type Monitor } from "./monitor/monitor.ts";
import type { Container, CreateRequest, Runtime } from "./runtime.ts";
import { survey } from "./survey.ts";

export interface RuntimeOptions {
  /** The native program's path. */
  readonly native: string;
  /** For what a reboot may lose; only root may enter it. */
  readonly execRoot: string;
}

const PRIVATE = 0o700;
/** Where a container without a cgroupsPath of its own goes. */
const PARENT = "/inro";

/** What sets containers up on this host; facts of its kernel are read once, here. */
export async function openRuntime({ execRoot, native }: RuntimeOptions): Promise<Runtime> {
  const facts = readFacts(process.env["PATH"]);
  const host: Host = { native, facts, assemble: openFilters(join(execRoot, "filters"), facts.architecture) };
  return {
    create: (request) => create(request, host),
    explain: (request) => explain(request, host),
    undo: (folder) => undo(folder, host),
    reconnect: (id, folder, socketFolder) => reconnect({ id, folder, socketFolder }, host),
  };
}

interface Host {
  readonly native: string;
  readonly facts: HostFacts;
  readonly assemble: AssembleFilter;
}

async function explain(request: CreateRequest, host: Host): Promise<Plan> {
  using executor = openExecutor(host.native);
  return await planOf(executor, request, host, placeIn(request, host));
}

const placeIn = ({ spec, id }: CreateRequest, { facts }: Host): Place => placeOf(spec, PARENT, id, facts);

/** The last step before execution is always the proof. */
async function planOf(
  executor: Executor,
  request: CreateRequest,
  { assemble }: Host,
  { cgroupPath, facts }: Place,
): Promise<Plan> {
  const becauseOf = request.becauseOf ?? ((pointer: string) => pointer);
  const { id, spec, rootfs, mountDetails, useInit, fragments, folder } = request;
  const [surveyed, filter] = await Promise.all([
    survey(executor, spec, becauseOf, facts, mountDetails),
    assemble(spec.linux?.seccomp),
  ]);
  const plan = compile({
    newKeyring: true,
    ...{ id, spec, rootfs, facts, filter, useInit, fragments, becauseOf, bundle: folder },
    ...surveyed,
    ...(mountDetails === undefined ? {} : { mountDetails }),
    cgroupPath,
    keeper: keeperOf(request),
  });
  verify(plan, surveyed);
  return plan;
}

function keeperOf({ folder, socketFolder, log, openStdin, stdinOnce }: CreateRequest): Keeper {
  const exitFile = join(folder, "exit.json");
  return { kind: "monitor", folder, socketFolder, log, exitFile, openStdin, stdinOnce };
}

async function create(request: CreateRequest, host: Host): Promise<Container> {
  using executor = openExecutor(host.native);
  const place = placeIn(request, host);
  const { cgroupPath } = place;
  const cgroups = claimCgroups(request.spec, cgroupPath, place.facts);
  makeFolders(request);
  if (hasHooks(request.spec)) writeBundle(request);
  const plan = await planOf(executor, request, host, place);
  writeUndo(request.folder, plan.undo);
  const { pid, records } = await executor.plan(plan).catch(async (cause) => {
    // One that was killed took nothing back.
    if (isLost(cause)) await takeBack(plan.undo, host);
    throw explained(cause, host.facts.architecture);
  });
  await using undo = new Undo();
  // Its monitor then undoes everything else.
  undo.add("end what stands at the start gate", () => killAll(cgroups));
  // Nothing more of the request: a monitor's address is kept as long as the container runs, a request weighs 20 KB and more.
  const { folder, socketFolder } = request;
  const monitor = await connectMonitor({ folder, socketFolder });
  if (monitor === undefined) {
    undo.add("take back what its monitor left", () => takeBack(plan.undo, host));
    throw new InroError("MONITOR_LOST", {
      what: `cannot reach the monitor of container "${request.id}"`,
      why: "it ended as soon as it had begun",
    });
  }
  houseMonitor(executor.pid, cgroupPath, host.facts.hierarchies);
  const container = keep({ request, cgroupPath, cgroups, plan, pid, records, monitor, host });
  undo.release();
  return container;
}

function makeFolders({ folder, socketFolder, log }: CreateRequest): void {
  mkdirSync(socketFolder, { recursive: true, mode: PRIVATE });
  mkdirSync(join(folder, "exec"), { recursive: true, mode: PRIVATE });
  if (log?.path) mkdirSync(dirname(log.path), { recursive: true, mode: PRIVATE });
}

/** Hooks are told of a bundle: a folder with config.json, from which they learn where the root is (bundle.md). */
function writeBundle({ folder, spec, rootfs }: CreateRequest): void {
  const config = { ...spec, root: { ...spec.root, path: rootfsPath(rootfs) } };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config), { mode: 0o600 });
}

interface Standing {
  readonly request: CreateRequest;
  readonly cgroupPath: string;
  readonly cgroups: CgroupSet;
  readonly plan: Plan;
  readonly pid: number;
  readonly records: readonly OpRecord[];
  readonly monitor: Monitor;
  readonly host: Host;
}

function keep({ request, cgroupPath, cgroups, plan, pid, records, monitor, host }: Standing): Container {
  const { id, folder, spec } = request;
  const kept = { pid, spec, cgroupPath, cgroups, plan, records };
  writeKept(folder, kept);
  return hold({ id, folder, kept, monitor }, host);
}

async function undo(folder: string, host: Host): Promise<void> {
  await takeBack(readUndo(folder), host);
}

async function takeBack(ops: readonly Op[], { native, facts }: Host): Promise<void> {
  if (ops.length === 0) return;
  using executor = openExecutor(native);
  const [failure] = failuresOf(ops, await executor.batch(ops, { stop: false }), facts.architecture);
  if (failure !== undefined) throw failure;
}

async function reconnect(
  { id, folder, socketFolder }: { id: string; folder: string; socketFolder: string },
  host: Host,
): Promise<Container | undefined> {
  const kept = readKept(folder);
  if (kept === undefined) return undefined;
  const monitor = await connectMonitor({ folder, socketFolder });
  return monitor === undefined ? undefined : hold({ id, folder, kept, monitor }, host);
}

interface Found {
  readonly id: string;
  readonly folder: string;
  readonly kept: Kept;
  readonly monitor: Monitor;
}

function hold({ id, folder, kept, monitor }: Found, host: Host): Container {
  const { pid, cgroupPath, cgroups } = kept;
  return containerOf({
    id,
    folder,
    pid,
    cgroupPath,
    cgroups: [...cgroups, ...joinedLater(kept, host.facts)],
    plannedCgroups: cgroups.length,
    monitor,
    recall: recalled(folder, kept),
    ...host,
  });
}
