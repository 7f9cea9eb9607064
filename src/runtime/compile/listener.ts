import { notifies } from "../../kernel/seccomp/actions.ts";
import { checkListener } from "../../kernel/seccomp/check.ts";
import type { SpecSeccomp } from "../../oci/runtime-spec.ts";
import { type Draft, POINT } from "./context.ts";

/** Of whom a supervisor is told. */
export interface Supervised {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: "creating" | "running";
  /** The container's first process; undefined where it is the one that is being set up. */
  readonly pid: number | undefined;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

const because = "/linux/seccomp/listenerPath";

/** The parent waits until the filter is loaded and sends its listener away; the last thing that it does before the gate. */
export function compileListener(
  draft: Draft,
  seccomp: SpecSeccomp | undefined,
  supervised: Supervised,
): void {
  if (seccomp === undefined) return;
  checkListener(seccomp);
  if (!notifies(seccomp)) return;
  draft.plan.map.push(
    { kind: "await", point: POINT.listening, because },
    {
      kind: "sendListener",
      path: seccomp.listenerPath ?? "",
      state: processState(supervised, seccomp.listenerMetadata),
      because,
    },
  );
}

/**
 * config-linux.md, "The Container Process State", as JSON in parts: between two of them stands the pid of the process that
 * is being set up, which nobody knows yet.
 */
export function processState(supervised: Supervised, metadata: string | undefined): string[] {
  const { ociVersion, id, status, pid, bundle, annotations = {} } = supervised;
  const open = (value: object): string => JSON.stringify(value).slice(0, -1);
  const head = `${open({ ociVersion, fds: ["seccompFd"] })},"pid":`;
  const middle = `${metadata ? `,"metadata":${JSON.stringify(metadata)}` : ""},"state":${open({ ociVersion, id, status })},"pid":`;
  const tail = `,${open({ bundle, annotations }).slice(1)}}}`;
  return pid === undefined ? [head, middle, tail] : [head, `${middle}${pid}${tail}`];
}
