import { capabilityMask } from "../../kernel/capabilities.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import { filterFlags, NEW_LISTENER } from "../../kernel/seccomp/actions.ts";
import { InroError } from "../../oci/error.ts";
import type { SpecLinux, SpecProcess } from "../../oci/runtime-spec.ts";
import { checkId } from "../../oci/user.ts";
import { POINT } from "./context.ts";
import type { Setgroups } from "./entry.ts";

/** What confines a process, of a container's first or of one that is executed in it. */
export interface Confinement {
  readonly process: SpecProcess;
  readonly linux: Pick<SpecLinux, "seccomp" | "personality" | "memoryPolicy">;
  readonly filter: Uint8Array | undefined;
  /** Capabilities that the engine holds; more cannot be given. */
  readonly held: bigint;
  readonly setgroups: Setgroups;
  readonly becauseOf: (pointer: string) => string;
}

const DEFAULT_UMASK = 0o022;

/**
 * Privilege goes away in this order (SECURITY.md, order laws 2 to 5): no_new_privs; the working directory; without
 * no_new_privs the filter, while CAP_SYS_ADMIN is held; bounding set, groups, user, capabilities, ambient set. With
 * no_new_privs the filter comes after the gate (law 7).
 */
export function confineOps(wanted: Confinement): Op[] {
  const { process, becauseOf } = wanted;
  const cwd = becauseOf("/process/cwd");
  const umask = becauseOf("/process/user/umask");
  const mask = process.user.umask ?? DEFAULT_UMASK;
  return [
    ...(process.noNewPrivileges === true
      ? [{ kind: "noNewPrivileges", because: becauseOf("/process/noNewPrivileges") } as const]
      : []),
    { kind: "workingDirectory", path: process.cwd, create: false, optional: true, because: cwd },
    ...(process.noNewPrivileges === true ? [] : seccompOps(wanted)),
    { kind: "umask", mask, because: process.user.umask === undefined ? "default" : umask },
    ...privilegeOps(wanted),
    { kind: "workingDirectory", path: process.cwd, create: false, optional: false, because: cwd },
  ];
}

/**
 * With no_new_privs the filter is loaded after the gate (law 7); but one with a listener as the last thing before it, while
 * there is a parent to fetch the listener.
 */
export function lateFilterOps(wanted: Confinement): { readonly confine: Op[]; readonly become: Op[] } {
  const late = wanted.process.noNewPrivileges === true ? seccompOps(wanted) : [];
  return hasListener(late) ? { confine: late, become: [] } : { confine: [], become: late };
}

const hasListener = (ops: readonly Op[]): boolean => ops.some(({ kind }) => kind === "release");

function seccompOps({ linux: { seccomp }, filter, becauseOf }: Confinement): Op[] {
  if (seccomp === undefined || filter === undefined) return [];
  const because = becauseOf("/linux/seccomp");
  const flags = filterFlags(seccomp);
  return [
    { kind: "seccomp", filter, flags, because },
    ...(flags & NEW_LISTENER ? [{ kind: "release", point: POINT.listening, because } as const] : []),
  ];
}

function privilegeOps({ process, held, setgroups, becauseOf }: Confinement): Op[] {
  const { user, capabilities = {} } = process;
  const at = "/process/capabilities";
  const mask = (name: keyof typeof capabilities): bigint =>
    capabilityMask(capabilities[name] ?? [], `${at}/${name}`) & held;
  const keep = mask("bounding");
  const permitted = mask("permitted");
  const inheritable = mask("inheritable");
  const because = becauseOf(at);
  const who = becauseOf("/process/user");
  const gids = (user.additionalGids ?? []).map((gid, i) => checkId(gid, `/process/user/additionalGids/${i}`));
  if (setgroups === "denied" && gids.length > 0) throw groupsDenied();
  const denied = setgroups !== "allowed" && gids.length === 0 ? { denied: true } : {};
  return [
    { kind: "boundingSet", keep, because },
    { kind: "keepCapabilities", on: true, because: who },
    { kind: "groups", gids, ...denied, because: becauseOf("/process/user/additionalGids") },
    {
      kind: "user",
      uid: checkId(user.uid, "/process/user/uid"),
      gid: checkId(user.gid, "/process/user/gid"),
      because: who,
    },
    { kind: "keepCapabilities", on: false, because: who },
    { kind: "capabilities", effective: mask("effective") & permitted, permitted, inheritable, because },
    { kind: "ambient", set: mask("ambient") & permitted & inheritable, because },
  ];
}

// user_namespaces(7), "setgroups": who maps no group but its own has to give up setting any.
function groupsDenied(): InroError {
  return new InroError("ID_NOT_MAPPED", {
    what: "cannot give the process additional groups",
    why: "in its user namespace nobody may set groups",
    hint: "map a range of groups with newgidmap(1)",
    at: "/process/user/additionalGids",
  });
}
