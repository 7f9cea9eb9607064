import type { Slot } from "../../kernel/plan/field.ts";
import type { NamespaceType } from "../../oci/runtime-spec.ts";
import { UNCHANGED } from "./binds.ts";
import type { CompileInput, Draft } from "./context.ts";
import { hasUserNamespace } from "./dev.ts";
import { userNamespaceOf } from "./id-maps.ts";
import type { PlannedMount } from "./mounts.ts";
import { PROPAGATION } from "./propagation.ts";

/** File systems that show a namespace: which, and where the host has its own. */
const SHOWN: ReadonlyMap<string, readonly [namespace: NamespaceType, path: string]> = new Map([
  ["sysfs", ["network", "/sys"]],
  ["proc", ["pid", "/proc"]],
  ["mqueue", ["ipc", "/dev/mqueue"]],
]);

/**
 * Whose mount a container gets instead of one of its own. sysfs(5), proc(5), mq_overview(7): a file system that shows a
 * namespace can be mounted only by who is privileged over it, which a container in a user namespace is not over the
 * host's, nor over a network that was made for it outside.
 */
export function borrowedFrom({ mount }: PlannedMount, input: CompileInput): string | undefined {
  const { spec } = input;
  const [type, path] = SHOWN.get(mount.type ?? "") ?? [];
  if (!hasUserNamespace(input) || type === undefined) return undefined;
  const shown = spec.linux?.namespaces?.find((namespace) => namespace.type === type);
  const foreign = type === "network" && userNamespaceOf(spec) === "new" && (shown?.path ?? "") !== "";
  return shown === undefined || foreign ? path : undefined;
}

/** With what is mounted below, which a less privileged namespace may not uncover; as locked as it was asked for. */
export function borrowedTree(draft: Draft, { options, because }: PlannedMount, path: string): Slot {
  const out = draft.newSlot();
  draft.plan.host.push({ kind: "cloneTree", out, path, recursive: true, because });
  const set = options.set | options.setRecursive;
  const change = { ...UNCHANGED, set, propagation: PROPAGATION.private, recursive: true };
  draft.plan.build.push({ kind: "setTree", tree: out, ...change, because });
  return out;
}
