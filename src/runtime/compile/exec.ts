import type { Hierarchy } from "../../kernel/cgroup/hierarchies.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { Plan } from "../../kernel/plan/plan.ts";
import type { NamespaceType, RuntimeSpec, SpecProcess } from "../../oci/runtime-spec.ts";
import type { HostFacts } from "../facts.ts";
import { CLONE, type Draft, finish, newDraft, POINT } from "./context.ts";
import { enterOp, type Setgroups } from "./entry.ts";
import { compilePassed } from "./keeper.ts";
import { isLabelled, labelOps, privateProcOp } from "./labels.ts";
import { compileListener } from "./listener.ts";
import { compileProcess, compileRlimits, terminalOp } from "./process.ts";
import { affinityOps } from "./scheduling.ts";
import { sharesMounts } from "./shared-mounts.ts";

/** Who stays with the program. */
export type ExecKeeper =
  /** The container's monitor: the streams are pipes; it is the parent of the first process and has not reaped it. */
  | { readonly kind: "monitor"; readonly openStdin: boolean }
  /**
   * The caller of the OCI command line: streams are inherited, and as many `descriptors` behind them. The first process
   * is no child of whoever executes this: its pid is its own only together with the time of its start.
   */
  | { readonly kind: "caller"; readonly startTime: bigint; readonly descriptors: number };

/** What one more program in a running container is compiled from. */
export interface ExecInput {
  readonly process: SpecProcess;
  /** The container's own. */
  readonly spec: RuntimeSpec;
  /** Host pid of the container's first process. */
  readonly pid: number;
  readonly facts: HostFacts;
  readonly filter: Uint8Array | undefined;
  readonly setgroups: Setgroups;
  /** Where the program belongs, in each hierarchy that the container joined. */
  readonly cgroups: readonly { readonly hierarchy: Hierarchy; readonly path: string }[];
  readonly keeper: ExecKeeper;
  /** The container as a supervisor of its filter is told of it. */
  readonly container: { readonly id: string; readonly bundle: string };
}

/** nsfs names (namespaces(7)) where they differ from the specification's. */
const FILES: Readonly<Record<NamespaceType, string>> = {
  pid: "pid",
  network: "net",
  mount: "mnt",
  ipc: "ipc",
  uts: "uts",
  user: "user",
  cgroup: "cgroup",
  time: "time",
};

/** SECURITY.md: open every namespace first, join the non-user ones, then the user namespace; the pid one by birth. */
const JOIN_ORDER: readonly NamespaceType[] = ["time", "network", "ipc", "uts", "cgroup", "mount", "user"];

/** The plan of `exec`: born into the container's pid namespace, joined to the others, confined like its first process. */
export function compileExec(input: ExecInput): Plan {
  const draft = newDraft(0);
  const { process, spec, keeper } = input;
  compileStreams(draft, process, keeper);
  compileRlimits(draft, process, () => "exec");
  const affinity = affinityOps(process);
  draft.plan.clone.push(...affinity.initial);
  const root = sharesMounts(spec) ? openRoot(draft, input.pid) : undefined;
  joinNamespaces(draft, input, openCgroups(draft, input), root);
  awaitLimits(draft);
  if (process.terminal === true) compileTerminal(draft, process);
  compileProcess(draft, {
    confinement: {
      process,
      linux: spec.linux ?? {},
      filter: input.filter,
      held: input.facts.boundingSet,
      setgroups: input.setgroups,
      becauseOf: () => "exec",
    },
    diesWithParent: keeper.kind === "monitor",
    fifo: undefined,
    descriptors: keeper.kind === "caller" ? keeper.descriptors : 0,
    useInit: false,
    finalAffinity: affinity.final,
    hooks: [],
  });
  compileListener(draft, spec.linux?.seccomp, {
    ...{ ...input.container, ociVersion: spec.ociVersion, annotations: spec.annotations },
    ...{ status: "running", pid: input.pid },
  });
  return finish(draft);
}

function compileStreams(draft: Draft, { terminal }: SpecProcess, keeper: ExecKeeper): void {
  const { host } = draft.plan;
  if (keeper.kind === "caller") compilePassed(draft, keeper.descriptors);
  if (terminal === true) return;
  if (keeper.kind === "caller") host.push({ kind: "inheritStdio", because: "exec" });
  else host.push({ kind: "pipes", stdin: keeper.openStdin, because: "exec" });
}

/** The slot that each of the container's namespaces is joined through. */
function openNamespaces(draft: Draft, { spec, pid, keeper, facts }: ExecInput): Map<NamespaceType, Slot> {
  const enters = facts.privilege === "none";
  const types = (spec.linux?.namespaces ?? []).flatMap(({ type }) =>
    enters && type === "user" ? [] : [type],
  );
  const { host } = draft.plan;
  if (keeper.kind === "caller") {
    const out = draft.newSlot();
    host.push({ kind: "openProcess", out, pid, startTime: keeper.startTime, because: "exec" });
    if (enters) host.push(enterOp(out, "exec"));
    return new Map(types.map((type) => [type, out]));
  }
  return new Map(
    types.map((type) => {
      const out = draft.newSlot();
      const path = `/proc/${pid}/ns/${FILES[type]}`;
      host.push({ kind: "openPath", out, path, use: "read", because: "exec" });
      return [type, out];
    }),
  );
}

function joinNamespaces(
  draft: Draft,
  input: ExecInput,
  birth: Slot | undefined,
  root: Slot | undefined,
): void {
  const { plan } = draft;
  const opened = openNamespaces(draft, input);
  const own = opened.get("pid");
  if (own !== undefined)
    plan.clone.push({ kind: "joinNamespace", ns: own, type: CLONE.pid, because: "exec" });
  plan.clone.push({
    kind: "clone",
    flags: 0,
    pidfd: draft.newSlot(),
    ...(birth === undefined ? {} : { cgroup: birth }),
    because: "exec",
  });
  // R14 (CVE-2016-9962): nothing in the container may look into what joins it.
  plan.build.push({ kind: "dumpable", on: false, because: "exec, R14" });
  compileLabels(draft, input.process);
  // R19: where it may set none inside, it has none when it comes.
  if (opened.has("user") && input.setgroups !== "allowed")
    plan.build.push({ kind: "groups", gids: [], because: "exec, R19" });
  for (const type of JOIN_ORDER) {
    const ns = opened.get(type);
    if (ns !== undefined) plan.build.push({ kind: "joinNamespace", ns, type: CLONE[type], because: "exec" });
  }
  if (root !== undefined) plan.build.push({ kind: "chroot", root, because: "exec" });
  if (opened.has("user")) plan.build.push({ kind: "user", uid: 0, gid: 0, because: "exec" });
  // One of its own, never that of whoever executes the program. Sharing the container's by its name would take a
  // keyring that every process of its user could join (KEYCTL_JOIN_SESSION_KEYRING wants search permission).
  plan.build.push({ kind: "keyring", name: `_ses.${input.container.id}`, because: "exec" });
}

/**
 * In a mount namespace that is not the container's own its root is the folder that its first process is in. It is opened
 * before `openProcess` proves whose the pid is: one that is the container's then was so all the time.
 */
function openRoot({ plan, newSlot }: Draft, pid: number): Slot {
  const out = newSlot();
  plan.host.push({ kind: "openPath", out, path: `/proc/${pid}/root`, use: "read", because: "exec" });
  return out;
}

/** Before it joins: a user namespace may see no procfs but one with masks, and there none can be mounted anew. */
function compileLabels(draft: Draft, process: SpecProcess): void {
  if (!isLabelled(process)) return;
  const proc = draft.newSlot();
  draft.plan.build.push(privateProcOp(proc, "exec"), ...labelOps(process, proc, () => "exec"));
}

/** The cgroup that it is born into; the others of v1 it joins first of all, and lets go of their folders (R14). */
function openCgroups(draft: Draft, { cgroups }: ExecInput): Slot | undefined {
  let birth: Slot | undefined;
  for (const { hierarchy, path } of cgroups) {
    const cgroup = draft.newSlot();
    const { mount, version } = hierarchy;
    draft.plan.host.push({ kind: "openCgroup", out: cgroup, hierarchy: mount, path, because: "exec" });
    if (version === 2) birth = cgroup;
    else draft.plan.build.push({ kind: "joinCgroup", cgroup, who: "self", because: "exec" });
  }
  return birth;
}

/** A limit must not race with the change of user. */
function awaitLimits({ plan }: Draft): void {
  if (plan.map.length === 0) return;
  plan.map.push({ kind: "release", point: POINT.limited, because: "exec" });
  plan.build.push({ kind: "await", point: POINT.limited, because: "exec" });
}

function compileTerminal({ plan, newSlot }: Draft, process: SpecProcess): void {
  const dev = newSlot();
  plan.build.push(
    { kind: "openPath", out: dev, path: "/dev", use: "directory", because: "exec -t" },
    terminalOp(dev, process, "exec -t"),
  );
}
