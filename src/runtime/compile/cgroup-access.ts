import { deviceLines, deviceList } from "../../kernel/cgroup/device-list.ts";
import { deviceProgram } from "../../kernel/cgroup/device-program.ts";
import { allowsEverything, deviceRules } from "../../kernel/cgroup/device-rules.ts";
import { type Hierarchy, locate, unifiedOf } from "../../kernel/cgroup/hierarchies.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { IdMapping } from "../../oci/runtime-spec.ts";
import type { CompileInput, Draft } from "./context.ts";

type Slots = ReadonlyMap<Hierarchy, Slot>;

/** Which devices the container's processes may use: lines of v1's controller, or a filter on v2. */
export function compileDevices(draft: Draft, input: CompileInput, slots: Slots): void {
  const rules = deviceRules(input.spec.linux?.resources?.devices ?? []);
  if (allowsEverything(rules)) return;
  const v1 = locate(input.facts.hierarchies, "devices");
  const because = input.becauseOf("/linux/resources/devices");
  if (v1 === undefined) {
    const unified = unifiedOf(input.facts.hierarchies);
    // bpf(2): only the host's root may load a filter; nobody else can make a node of a device either.
    if (unified === undefined || input.facts.privilege !== "host") return;
    const cgroup = slots.get(unified) as Slot;
    draft.plan.host.push({ kind: "deviceFilter", cgroup, program: deviceProgram(rules), because });
    return;
  }
  const cgroup = slots.get(v1) as Slot;
  for (const { file, value, at } of deviceLines(deviceList(rules))) {
    const reason = at === "default" ? at : input.becauseOf(at);
    draft.plan.host.push({ kind: "writeCgroup", cgroup, file, value, optional: false, because: reason });
  }
}

/**
 * config-linux.md, "Cgroup ownership": on v2, where the container sees its cgroups writable in a namespace of its own,
 * they belong to the user that its process runs as.
 */
export function compileOwner(draft: Draft, input: CompileInput, slots: Slots): void {
  const { spec, facts, becauseOf } = input;
  const mount = (spec.mounts ?? []).findIndex(
    ({ source, destination, options = [] }) =>
      source === "cgroup" && destination === "/sys/fs/cgroup" && !options.includes("ro"),
  );
  const own = (spec.linux?.namespaces ?? []).some(({ type, path = "" }) => type === "cgroup" && path === "");
  const unified = unifiedOf(facts.hierarchies);
  // A user's cgroups are the user's, who is root in there.
  if (facts.privilege === "none") return;
  if (mount < 0 || !own || unified === undefined || facts.hierarchies.mode !== "v2") return;
  const uid = hostUid(spec.process?.user.uid ?? 0, spec.linux?.uidMappings ?? []);
  const cgroup = slots.get(unified) as Slot;
  // What is not mapped cannot own anything, and to root it belongs already.
  if (uid !== undefined && uid !== 0) {
    draft.plan.host.push({ kind: "ownCgroup", cgroup, uid, because: becauseOf(`/mounts/${mount}`) });
  }
}

/** user_namespaces(7): whom the host sees. */
function hostUid(uid: number, mappings: readonly IdMapping[]): number | undefined {
  if (mappings.length === 0) return uid;
  const range = mappings.find(({ containerID, size }) => uid >= containerID && uid < containerID + size);
  return range && range.hostID + uid - range.containerID;
}
