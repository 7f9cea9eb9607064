import { InroError } from "../../oci/error.ts";
import type { SeccompAction, SpecSeccomp } from "../../oci/runtime-spec.ts";

const EPERM = 1;
export const ENOSYS = 38;
const MAX_ERRNO = 4095;

// include/uapi/linux/seccomp.h
export const RETURN = {
  killProcess: 0x80000000,
  killThread: 0x00000000,
  trap: 0x00030000,
  errno: 0x00050000,
  userNotification: 0x7fc00000,
  trace: 0x7ff00000,
  log: 0x7ffc0000,
  allow: 0x7fff0000,
} as const;

const BASE: { readonly [A in SeccompAction]: number } = {
  SCMP_ACT_KILL: RETURN.killThread,
  SCMP_ACT_KILL_THREAD: RETURN.killThread,
  SCMP_ACT_KILL_PROCESS: RETURN.killProcess,
  SCMP_ACT_TRAP: RETURN.trap,
  SCMP_ACT_ERRNO: RETURN.errno,
  SCMP_ACT_TRACE: RETURN.trace,
  SCMP_ACT_ALLOW: RETURN.allow,
  SCMP_ACT_LOG: RETURN.log,
  SCMP_ACT_NOTIFY: RETURN.userNotification,
};

const FLAGS: Readonly<Record<string, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
};
export const FLAG_NAMES: readonly string[] = Object.keys(FLAGS);
export const ACTION_NAMES: readonly string[] = Object.keys(BASE);

/** The filter's load answers a descriptor for whoever decides about its notifications. */
export const NEW_LISTENER = 8;
const TSYNC = 1;
const TSYNC_ESRCH = 16;
const WAIT_KILLABLE = 32;

/**
 * What a filter returns for an action of the specification.
 * config-linux.md, "Seccomp": an errno given to an action that does not support one is an error; EPERM by default.
 */
export function returnValue(
  action: SeccompAction,
  errnoRet: number | undefined,
  at: { readonly action: string; readonly errno: string },
): number {
  const base = Object.hasOwn(BASE, action) ? BASE[action] : undefined;
  if (base === undefined) throw badSeccomp(at.action, `"${action}" is not an action`);
  const takesErrno = action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
  if (!takesErrno) {
    if (errnoRet !== undefined) throw badSeccomp(at.errno, `${action} takes no errnoRet`);
    return base;
  }
  const errno = errnoRet ?? EPERM;
  const limit = action === "SCMP_ACT_ERRNO" ? MAX_ERRNO : 0xffff;
  if (!Number.isInteger(errno) || errno < 0 || errno > limit) {
    throw badSeccomp(at.errno, `errnoRet ${errno} is not between 0 and ${limit}`);
  }
  return (base | errno) >>> 0;
}

/** Whether somebody outside has to decide about some calls. */
export const notifies = ({ syscalls = [] }: SpecSeccomp): boolean =>
  syscalls.some(({ action }) => action === "SCMP_ACT_NOTIFY");

/**
 * Flags of seccomp(2) SECCOMP_SET_MODE_FILTER. seccomp(2): TSYNC beside a listener needs TSYNC_ESRCH, and waiting killably
 * means nothing without one (the kernel refuses it).
 */
export function filterFlags(seccomp: SpecSeccomp): number {
  let bits = 0;
  for (const [index, flag] of (seccomp.flags ?? []).entries()) {
    const bit = Object.hasOwn(FLAGS, flag) ? FLAGS[flag] : undefined;
    if (bit === undefined)
      throw badSeccomp(`/linux/seccomp/flags/${index}`, `"${flag}" is not a filter flag`);
    bits |= bit;
  }
  if (!notifies(seccomp)) return bits & ~WAIT_KILLABLE;
  return bits | NEW_LISTENER | (bits & TSYNC ? TSYNC_ESRCH : 0);
}

export function badSeccomp(at: string, why: string): InroError {
  return new InroError("SECCOMP_INVALID", { what: "cannot assemble the seccomp filter", why, at });
}
