import type { Slot } from "../../kernel/plan/field.ts";
import { InroError } from "../../oci/error.ts";
import type { CompileInput, Draft } from "./context.ts";
import { isLabelled, labelOps, privateProcOp } from "./labels.ts";

/**
 * Sysctls, the OOM score and the labels of security modules, written through a procfs that we mounted ourselves (R4): the
 * container's own, or one that is attached nowhere.
 */
export function compileProcWrites(draft: Draft, input: CompileInput, mounted: Slot | undefined): void {
  const { spec, becauseOf } = input;
  const sysctls = Object.entries(spec.linux?.sysctl ?? {});
  const { process } = spec;
  const score = process?.oomScoreAdj;
  const labelled = process !== undefined && isLabelled(process);
  if (sysctls.length === 0 && score === undefined && !labelled) return;
  const proc = mounted ?? privateProc(draft);
  const { build } = draft.plan;
  for (const [name, data] of sysctls) {
    const because = becauseOf(`/linux/sysctl/${pointerPart(name)}`);
    const path = `sys/${sysctlPath(name)}`;
    build.push({ kind: "writeProc", proc, path, data, optional: false, because });
  }
  if (score !== undefined) {
    const because = becauseOf("/process/oomScoreAdj");
    const path = "self/oom_score_adj";
    build.push({ kind: "writeProc", proc, path, data: String(score), optional: false, because });
  }
  if (labelled) build.push(...labelOps(process, proc, becauseOf));
}

export function privateProc(draft: Draft): Slot {
  const out = draft.newSlot();
  draft.plan.build.push(privateProcOp(out, "default"));
  return out;
}

/** RFC 6901: a slash in a name is written ~1. */
const pointerPart = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/**
 * sysctl(8): dots part the names, unless slashes do; then a dot is a dot (an interface called eth0.100). Values stay
 * structured to the last hop (R24): no name can leave /proc/sys.
 */
export function sysctlPath(name: string): string {
  const slashed =
    name.includes("/") && name.indexOf("/") < (name.indexOf(".") + 1 || Number.POSITIVE_INFINITY);
  const parts = slashed ? name.split("/") : name.split(".").map((part) => part.replaceAll("/", "."));
  if (parts.some((part) => part === "" || part === "." || part === ".." || part.includes("\0"))) {
    throw new InroError("SYSCTL_INVALID", {
      what: `cannot set the sysctl "${name}"`,
      why: "that is not the name of a kernel parameter",
      hint: 'write it as "net.ipv4.ip_forward"',
      at: `/linux/sysctl/${pointerPart(name)}`,
    });
  }
  return parts.join("/");
}
