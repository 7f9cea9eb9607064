import type { Slot } from "../../kernel/plan/field.ts";
import { InroError } from "../../oci/error.ts";
import type { CompileInput, Draft } from "./context.ts";

/**
 * Sysctls and the OOM score, written through a procfs that we mounted ourselves (R4): the container's own, or one that
 * is attached nowhere.
 */
export function compileProcWrites(draft: Draft, input: CompileInput, mounted: Slot | undefined): void {
  const { spec, becauseOf } = input;
  const sysctls = Object.entries(spec.linux?.sysctl ?? {});
  const score = spec.process?.oomScoreAdj;
  if (sysctls.length === 0 && score === undefined) return;
  const proc = mounted ?? privateProc(draft);
  for (const [name, value] of sysctls) {
    const because = becauseOf(`/linux/sysctl/${name}`);
    const path = `sys/${sysctlPath(name)}`;
    draft.plan.build.push({ kind: "writeProc", proc, path, data: value, optional: false, because });
  }
  if (score !== undefined) {
    const because = becauseOf("/process/oomScoreAdj");
    const data = String(score);
    draft.plan.build.push({
      kind: "writeProc",
      proc,
      path: "self/oom_score_adj",
      data,
      optional: false,
      because,
    });
  }
}

function privateProc(draft: Draft): Slot {
  const out = draft.newSlot();
  draft.plan.build.push({
    kind: "fsMount",
    out,
    fstype: "proc",
    source: "proc",
    options: [],
    attributes: 0xe, // nosuid, nodev, noexec
    because: "default",
  });
  return out;
}

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
      at: `/linux/sysctl/${name}`,
    });
  }
  return parts.join("/");
}
