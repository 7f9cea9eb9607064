import type { Plan } from "../../kernel/plan/plan.ts";
import { InroError } from "../../oci/error.ts";
import type { RuntimeSpec, SpecProcess } from "../../oci/runtime-spec.ts";
import { compileCgroups, compileJoin } from "./cgroups.ts";
import { type CompileInput, type Draft, finish, newDraft, POINT } from "./context.ts";
import { hasUserNamespace } from "./dev.ts";
import { compileFiles } from "./files.ts";
import { hookOps, subjectOf } from "./hooks.ts";
import { checkIdMaps } from "./id-maps.ts";
import { compileKeeper, compileUndo } from "./keeper.ts";
import { keyLabelOp } from "./labels.ts";
import { compileListener, type Supervised } from "./listener.ts";
import { compileClone, compileUserNamespace, namespacesOf } from "./namespaces.ts";
import { netDeviceFragments } from "./net-devices.ts";
import { privateProc } from "./proc.ts";
import { compileProcess, compileRlimits } from "./process.ts";
import { refuseUnsupported } from "./refuse.ts";

/**
 * A specification, what the survey learnt and what the kernel offers, as a plan. Pure: the same input gives the same
 * plan. The order of the calls is the order of the operations; docs/PLAN.md tells the laws.
 */
export function compile(asked: CompileInput): Plan {
  refuseUnsupported(asked.spec);
  checkIdMaps(asked.spec);
  const input = { ...asked, fragments: [...asked.fragments, ...netDeviceFragments(asked)] };
  const process = requireProcess(input);
  const draft = newDraft(input.firstSlot);
  const namespaces = namespacesOf(input);
  const cgroups = compileCgroups(draft, input);
  for (const { host } of input.fragments) draft.plan.host.push(...host);
  compileKeeper(draft, input, cgroups);
  compileRlimits(draft, process, input.becauseOf);
  if (hasUserNamespace(input)) compileUserNamespace(draft, input);
  compileClone(draft, input, namespaces, cgroups);
  compileNetworkMap(draft, input);
  compileJoin(draft, input, cgroups);
  compileIdentity(draft, input);
  compileFiles(draft, input, cgroups, namespaces);
  compileProcess(draft, {
    confinement: {
      process,
      linux: input.spec.linux ?? {},
      filter: input.filter,
      held: input.facts.boundingSet,
      setgroups: input.setgroups,
      becauseOf: input.becauseOf,
    },
    diesWithParent: input.keeper.kind === "monitor",
    fifo: input.keeper.kind === "caller" ? input.keeper.fifo : undefined,
    descriptors: input.keeper.kind === "caller" ? input.keeper.descriptors : 0,
    useInit: input.useInit,
    hooks: hookOps("startContainer", subjectOf(input)),
  });
  compileListener(draft, input.spec.linux?.seccomp, supervisedOf(input));
  compileUndo(draft, input, cgroups);
  return finish(draft);
}

function requireProcess({ spec }: CompileInput): SpecProcess {
  if (spec.process !== undefined) return spec.process;
  throw new InroError("SPEC_INVALID", {
    what: "cannot set the container up",
    why: "its specification has no process",
    at: "/process",
  });
}

const supervisedOf = ({ id, bundle, spec }: CompileInput): Supervised => ({
  ...{ id, bundle, ociVersion: spec.ociVersion, annotations: spec.annotations },
  ...{ status: "creating", pid: undefined },
});

/** The network's part for the parent comes before the cgroups, whose first write waits for a grace period. */
function compileNetworkMap(draft: Draft, { fragments }: CompileInput): void {
  const ops = fragments.flatMap(({ map }) => map);
  const [first] = fragments.flatMap(({ map, build }) => [...map, ...build]);
  if (first === undefined) return;
  draft.plan.map.push(...ops, { kind: "release", point: POINT.connected, because: first.because });
}

/** Without a uts namespace a name would be the host's. */
function checkNames({ hostname = "", domainname = "", linux = {} }: RuntimeSpec): void {
  if (hostname === "" && domainname === "") return;
  if (linux.namespaces?.some(({ type }) => type === "uts") === true) return;
  throw new InroError("SPEC_INVALID", {
    what: "cannot name the container's host",
    why: "it shares the host's uts namespace",
    hint: "give it a uts namespace, or leave the name out",
    at: hostname === "" ? "/domainname" : "/hostname",
  });
}

/** Who the container is, while it is still as privileged as it will ever be. */
function compileIdentity(draft: Draft, { spec, id, newKeyring, becauseOf }: CompileInput): void {
  const { build } = draft.plan;
  checkNames(spec);
  if (spec.hostname !== undefined && spec.hostname !== "") {
    build.push({ kind: "hostname", name: spec.hostname, because: becauseOf("/hostname") });
  }
  if (spec.domainname !== undefined && spec.domainname !== "") {
    build.push({ kind: "domainname", name: spec.domainname, because: becauseOf("/domainname") });
  }
  if (!newKeyring) return;
  const label = spec.process?.selinuxLabel ?? "";
  const proc = label === "" ? undefined : privateProc(draft);
  const because = becauseOf("/process/selinuxLabel");
  if (proc !== undefined) build.push(keyLabelOp(label, proc, because));
  build.push({ kind: "keyring", name: `_ses.${id}`, because: "default" });
  if (proc !== undefined) build.push(keyLabelOp("", proc, because));
}
