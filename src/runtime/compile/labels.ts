import type { Slot } from "../../kernel/plan/field.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import type { RuntimeSpec, SpecProcess } from "../../oci/runtime-spec.ts";

type BecauseOf = (pointer: string) => string;

export const isLabelled = ({ apparmorProfile, selinuxLabel }: SpecProcess): boolean =>
  !!apparmorProfile || !!selinuxLabel;

/**
 * What a security module will confine the program by from its exec on (order law 1). proc_pid_attr(5): a process can set
 * its own alone; through `proc`, a procfs of our own (R4). Where the kernel has no such module the write fails.
 */
export function labelOps(
  { apparmorProfile, selinuxLabel }: SpecProcess,
  proc: Slot,
  becauseOf: BecauseOf,
): Op[] {
  return [
    ...(apparmorProfile
      ? [attribute(proc, "apparmor/exec", `exec ${apparmorProfile}`, becauseOf("/process/apparmorProfile"))]
      : []),
    ...(selinuxLabel ? [attribute(proc, "exec", selinuxLabel, becauseOf("/process/selinuxLabel"))] : []),
  ];
}

/** The label of keys that the process makes from here on; an empty one is the default again. */
export const keyLabelOp = (label: string, proc: Slot, because: string): Op =>
  attribute(proc, "keycreate", label, because);

const attribute = (proc: Slot, file: string, data: string, because: string): Op => ({
  kind: "writeProc",
  proc,
  path: `self/attr/${file}`,
  data,
  optional: false,
  because,
});

/** A procfs that is attached nowhere. */
export const privateProcOp = (out: Slot, because: string): Op => ({
  kind: "fsMount",
  out,
  fstype: "proc",
  source: "proc",
  options: [],
  attributes: 0xe, // nosuid, nodev, noexec
  because,
});

/** File systems whose inodes take the label of their mount (selinux(8), context=); others have labels of their own. */
const LABELLED: readonly string[] = ["tmpfs", "ramfs", "devpts", "mqueue"];

/** linux.mountLabel for a new file system. Structured to the last hop (R24): a label holds commas. */
export const labelData = (type: string | undefined, { linux = {} }: RuntimeSpec): string[] =>
  linux.mountLabel && LABELLED.includes(type ?? "") ? [`context=${linux.mountLabel}`] : [];
