import type { Hierarchy } from "../../kernel/cgroup/hierarchies.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { Plan } from "../../kernel/plan/plan.ts";
import type { NamespaceType, RuntimeSpec, SpecProcess } from "../../oci/runtime-spec.ts";
import type { HostFacts } from "../facts.ts";
import { CLONE, type Draft, finish, newDraft, POINT } from "./context.ts";
import { isLabelled, labelOps, privateProcOp } from "./labels.ts";
import { compileListener } from "./listener.ts";
import { compileProcess, compileRlimits } from "./process.ts";
import { affinityOps } from "./scheduling.ts";

/** What one more program in a running container is compiled from. */
export interface ExecInput {
  readonly process: SpecProcess;
  /** The container's own. */
  readonly spec: RuntimeSpec;
  /** Host pid of the container's first process; its parent, which executes the plan, has not reaped it. */
  readonly pid: number;
  readonly facts: HostFacts;
  readonly filter: Uint8Array | undefined;
  readonly cgroupPath: string;
  /** The hierarchies that the container joined. */
  readonly hierarchies: readonly Hierarchy[];
  readonly openStdin: boolean;
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
const JOIN_ORDER: readonly NamespaceType[] = ["network", "ipc", "uts", "cgroup", "mount", "user"];

/** The plan of `exec`: born into the container's pid namespace, joined to the others, confined like its first process. */
export function compileExec(input: ExecInput): Plan {
  const draft = newDraft(0);
  const { process, spec } = input;
  draft.plan.host.push(
    ...(process.terminal === true
      ? []
      : [{ kind: "pipes", stdin: input.openStdin, because: "exec" } as const]),
  );
  compileRlimits(draft, process, () => "exec");
  const affinity = affinityOps(process);
  draft.plan.clone.push(...affinity.initial);
  joinNamespaces(draft, input, openCgroups(draft, input));
  awaitLimits(draft);
  if (process.terminal === true) compileTerminal(draft, process);
  compileProcess(draft, {
    confinement: {
      process,
      linux: spec.linux ?? {},
      filter: input.filter,
      held: input.facts.boundingSet,
      becauseOf: () => "exec",
    },
    diesWithParent: true,
    fifo: undefined,
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

function joinNamespaces(draft: Draft, { process, spec, pid }: ExecInput, birth: Slot | undefined): void {
  const { plan } = draft;
  const types = (spec.linux?.namespaces ?? []).map(({ type }) => type);
  const opened = new Map<NamespaceType, Slot>();
  for (const type of types) {
    const out = draft.newSlot();
    opened.set(type, out);
    plan.host.push({
      kind: "openPath",
      out,
      path: `/proc/${pid}/ns/${FILES[type]}`,
      use: "read",
      because: "exec",
    });
  }
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
  compileLabels(draft, process);
  for (const type of JOIN_ORDER) {
    const ns = opened.get(type);
    if (ns !== undefined) plan.build.push({ kind: "joinNamespace", ns, type: CLONE[type], because: "exec" });
  }
  if (opened.has("user")) plan.build.push({ kind: "user", uid: 0, gid: 0, because: "exec" });
}

/** Before it joins: a user namespace may see no procfs but one with masks, and there none can be mounted anew. */
function compileLabels(draft: Draft, process: SpecProcess): void {
  if (!isLabelled(process)) return;
  const proc = draft.newSlot();
  draft.plan.build.push(privateProcOp(proc, "exec"), ...labelOps(process, proc, () => "exec"));
}

/** The cgroup that it is born into; the others of v1 it joins first of all, and lets go of their folders (R14). */
function openCgroups(draft: Draft, { hierarchies, cgroupPath: path }: ExecInput): Slot | undefined {
  let birth: Slot | undefined;
  for (const { mount: hierarchy, version } of hierarchies) {
    const cgroup = draft.newSlot();
    draft.plan.host.push({ kind: "openCgroup", out: cgroup, hierarchy, path, because: "exec" });
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

function compileTerminal(draft: Draft, { consoleSize }: SpecProcess): void {
  const dev = draft.newSlot();
  const { height = 0, width = 0 } = consoleSize ?? {};
  draft.plan.build.push(
    { kind: "openPath", out: dev, path: "/dev", use: "directory", because: "exec -t" },
    { kind: "terminal", dev, rows: height, columns: width, because: "exec -t" },
  );
}
