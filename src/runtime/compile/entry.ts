import type { Slot } from "../../kernel/plan/field.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import { InroError } from "../../oci/error.ts";
import type { IdMapping, RuntimeSpec } from "../../oci/runtime-spec.ts";
import { mapText, userNamespaceOf } from "./id-maps.ts";

/** Who is not privileged, and how ids that are not its own are mapped for it. */
export interface Unprivileged {
  readonly uid: number;
  readonly gid: number;
  /** Where the host has a program; undefined where it has none. */
  readonly find: (program: string) => string | undefined;
}

/**
 * Whether in the container's user namespace a process may set its supplementary groups (user_namespaces(7)); of one that
 * is joined by its path it is not known before.
 */
export type Setgroups = "allowed" | "denied" | "unknown";

export interface Entry {
  readonly ops: readonly Op[];
  readonly setgroups: Setgroups;
}

/** Nothing to enter: whoever is privileged makes the container's namespace when it clones it. */
export const noEntry = (spec: RuntimeSpec): Entry => ({
  ops: [],
  setgroups: userNamespaceOf(spec) === "joined" ? "unknown" : "allowed",
});

/**
 * Rootless: the executor enters the container's user namespace before it does anything, and then everything is as it
 * is for root. `slot` is one that is free.
 */
export function entryOf(
  spec: RuntimeSpec,
  who: Unprivileged,
  slot: Slot,
  becauseOf: (pointer: string) => string,
): Entry {
  const users = userNamespaceOf(spec);
  const index = spec.linux?.namespaces?.findIndex(({ type }) => type === "user") ?? -1;
  const because = becauseOf(`/linux/namespaces/${index}`);
  if (users === "none") throw needsUsers();
  if (users === "joined") {
    const path = spec.linux?.namespaces?.[index]?.path ?? "";
    const ops: Op[] = [{ kind: "openPath", out: slot, path, use: "read", because }, enterOp(slot, because)];
    return { ops, setgroups: "unknown" };
  }
  const { uidMappings = [], gidMappings = [] } = spec.linux ?? {};
  const uidMapper = mapperOf("newuidmap", uidMappings, who.uid, who);
  const gidMapper = mapperOf("newgidmap", gidMappings, who.gid, who);
  const maps = { uidMap: mapText(uidMappings), gidMap: mapText(gidMappings) };
  const op: Op = { kind: "enterUserNamespace", ...maps, uidMapper, gidMapper, because };
  return { ops: [op], setgroups: gidMapper.length === 0 ? "denied" : "allowed" };
}

/** Into a namespace that exists. */
export const enterOp = (users: Slot, because: string): Op => ({
  ...{ kind: "enterUserNamespace", users, uidMap: "", gidMap: "", uidMapper: [], gidMapper: [], because },
});

/** user_namespaces(7): a single id, one's own, may be mapped by everybody; the rest needs a program with privilege. */
function mapperOf(
  program: "newuidmap" | "newgidmap",
  mappings: readonly IdMapping[],
  own: number,
  { find }: Unprivileged,
): readonly string[] {
  const [first, ...others] = mappings;
  if (others.length === 0 && first?.size === 1 && first.hostID === own) return [];
  const path = find(program);
  if (path !== undefined) return [path, ...mapText(mappings).trim().split(/\s+/)];
  throw new InroError("MAPPER_MISSING", {
    what: `cannot map the container's ${program === "newuidmap" ? "users" : "groups"}`,
    why: `${program} is not in $PATH, and without it only one's own id can be mapped`,
    hint: "install the package uidmap, or map just one id",
    at: program === "newuidmap" ? "/linux/uidMappings" : "/linux/gidMappings",
  });
}

function needsUsers(): InroError {
  return new InroError("USER_NAMESPACE_MISSING", {
    what: "cannot set the container up without privilege",
    why: "its specification has no user namespace",
    hint: 'begin with "inro-runtime spec --rootless", or run this as root',
    at: "/linux/namespaces",
  });
}
