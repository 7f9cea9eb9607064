import type { Slot } from "../../kernel/plan/field.ts";
import { InroError } from "../../oci/error.ts";
import type { NamespaceType, SpecLinux } from "../../oci/runtime-spec.ts";
import type { JoinedCgroups } from "./cgroups.ts";
import { CLONE, type CompileInput, type Draft, POINT } from "./context.ts";
import { hasUserNamespace } from "./dev.ts";
import { mapText, userNamespaceOf } from "./id-maps.ts";
import { compileScore } from "./proc.ts";

/** What a container gets as its own, and what it shares by joining. */
export interface Namespaces {
  readonly own: ReadonlySet<NamespaceType>;
  readonly joined: readonly {
    readonly type: NamespaceType;
    readonly path: string;
    readonly because: string;
  }[];
  readonly becauseOf: (type: NamespaceType) => string;
}

export function namespacesOf({ spec, facts, becauseOf }: CompileInput): Namespaces {
  const listed = spec.linux?.namespaces ?? [];
  // Without privilege the executor has entered the user namespace already (entry.ts).
  const wanted = facts.privilege === "none" ? listed.filter(({ type }) => type !== "user") : listed;
  const seen = new Set<NamespaceType>();
  for (const [index, { type }] of wanted.entries()) {
    const at = `/linux/namespaces/${index}`;
    if (!Object.hasOwn(CLONE, type)) throw badNamespace(type, "there is no such type", `${at}/type`);
    // config-linux.md, "Namespaces": duplicated namespaces with same type are an error.
    if (seen.has(type)) throw badNamespace(type, "it is named twice", at);
    seen.add(type);
  }
  const pointer = (type: NamespaceType): string =>
    becauseOf(`/linux/namespaces/${listed.findIndex((namespace) => namespace.type === type)}`);
  return {
    own: new Set(wanted.filter(({ path }) => path === undefined || path === "").map(({ type }) => type)),
    joined: wanted.flatMap(({ type, path }, index) => {
      if (path === undefined || path === "") return [];
      // It must be an absolute path in the runtime's mount namespace.
      if (!path.startsWith("/"))
        throw badNamespace(type, `"${path}" is not an absolute path`, `/linux/namespaces/${index}/path`);
      return [{ type, path, because: pointer(type) }];
    }),
    becauseOf: pointer,
  };
}

function badNamespace(type: string, why: string, at: string): InroError {
  return new InroError("SPEC_INVALID", { what: `cannot set up the ${type} namespace`, why, at });
}

/** A namespace to join, opened before anything is joined. */
interface Join {
  readonly type: NamespaceType;
  readonly out: Slot;
  readonly because: string;
}

/**
 * The clone, and the joining of namespaces that exist. The child is born into its cgroup of the unified hierarchy. On pure
 * v2 it gets the cgroup namespace at once; with v1 hierarchies it unshares it after the last one is joined (KERNEL.md,
 * "cgroups").
 */
export function compileClone(
  draft: Draft,
  input: CompileInput,
  namespaces: Namespaces,
  cgroups: JoinedCgroups,
): void {
  const { plan } = draft;
  const own = [...namespaces.own].filter(
    (type) => type !== "time" && (type !== "cgroup" || !cgroups.joinsLater),
  );
  const joins = namespaces.joined.map(({ type, path, because }): Join => {
    const out = draft.newSlot();
    plan.host.push({ kind: "openPath", out, path, use: "read", because });
    return { type, out, because };
  });
  const born = joins.filter(({ type }) => isBornInto(type, input));
  for (const { type, out, because } of born.sort(userLast)) {
    plan.clone.push({ kind: "joinNamespace", ns: out, type: CLONE[type], because });
  }
  compileTime(draft, input, namespaces);
  const flags = own.reduce((bits, type) => bits | CLONE[type], 0);
  plan.clone.push({
    kind: "clone",
    flags: flags >>> 0,
    pidfd: draft.newSlot(),
    ...(cgroups.birth === undefined ? {} : { cgroup: cgroups.birth }),
    because: input.becauseOf("/linux/namespaces"),
  });
  plan.build.push({ kind: "dumpable", on: false, because: "default, R14" });
  for (const { type, out, because } of joins.filter((join) => !born.includes(join))) {
    plan.build.push({ kind: "joinNamespace", ns: out, type: CLONE[type], because });
  }
}

/** time_namespaces(7): its clocks can be set until a first process is in it, so the child is born into a finished one. */
function compileTime(
  draft: Draft,
  { spec, becauseOf }: CompileInput,
  { own, becauseOf: reason }: Namespaces,
): void {
  const offsets = Object.entries(spec.linux?.timeOffsets ?? {});
  const at = "/linux/timeOffsets";
  if (!own.has("time")) {
    if (offsets.length > 0)
      throw badNamespace("time", "offsets are given, and no new one to set them in", at);
    return;
  }
  const { host, clone } = draft.plan;
  clone.push({ kind: "unshare", flags: CLONE.time, because: reason("time") });
  if (offsets.length === 0) return;
  const because = becauseOf(at);
  const proc = draft.newSlot();
  const data = offsets.map(([clock, offset]) => offsetLine(clock, offset)).join("");
  host.push({ kind: "openPath", out: proc, path: "/proc", use: "directory", because });
  clone.push({ kind: "writeProc", proc, path: "self/timens_offsets", data, optional: false, because });
}

type Offset = NonNullable<SpecLinux["timeOffsets"]>[string];

/** proc_pid_timens_offsets in time_namespaces(7): "clock seconds nanoseconds". */
function offsetLine(clock: string, { secs = 0, nanosecs = 0 }: Offset): string {
  const at = `/linux/timeOffsets/${clock}`;
  if (clock !== "monotonic" && clock !== "boottime") {
    throw badNamespace("time", `"${clock}" is no clock that has an offset: monotonic and boottime have`, at);
  }
  if (nanosecs >= 1_000_000_000)
    throw badNamespace("time", "nanosecs are a second or more", `${at}/nanosecs`);
  return `${clock} ${secs} ${nanosecs}\n`;
}

/**
 * Into a pid namespace a process can only be born. And in a user namespace the child has no say over namespaces that do
 * not belong to it, so that it is born into all of them.
 */
const isBornInto = (type: NamespaceType, input: CompileInput): boolean =>
  type === "pid" || (hasUserNamespace(input) && type !== "mount");

/** SECURITY.md, user-namespace handshake: the non-user ones first, while the host's privilege holds. */
const userLast = (a: Join, b: Join): number => Number(a.type === "user") - Number(b.type === "user");

/**
 * SECURITY.md, user-namespace handshake: the child waits for its maps, then becomes 0:0 of the new namespace. One that
 * is joined has its maps already.
 */
export function compileUserNamespace(draft: Draft, input: CompileInput): void {
  const because = input.becauseOf("/linux/uidMappings");
  const { uidMappings = [], gidMappings = [] } = input.spec.linux ?? {};
  const { map, build } = draft.plan;
  const users = userNamespaceOf(input.spec);
  compileScore(draft, input);
  if (input.facts.privilege === "none") return;
  if (users === "new") {
    const maps = { uidMap: mapText(uidMappings), gidMap: mapText(gidMappings), denySetgroups: false };
    map.push({ kind: "mapIds", ...maps, because });
  }
  if (map.length > 0) {
    map.push({ kind: "release", point: POINT.mapped, because });
    build.push({ kind: "await", point: POINT.mapped, because });
  }
  if (users === "none") return;
  const denied = users === "joined" ? { denied: true } : {};
  build.push({ kind: "groups", gids: [], ...denied, because }, { kind: "user", uid: 0, gid: 0, because });
}
