import type { NamespaceType, SpecLinux } from "../../oci/runtime-spec.ts";
import type { JoinedCgroups } from "./cgroups.ts";
import { CLONE, type CompileInput, type Draft, POINT } from "./context.ts";

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

export function namespacesOf({ spec, becauseOf }: CompileInput): Namespaces {
  const wanted = spec.linux?.namespaces ?? [];
  const pointer = (type: NamespaceType): string =>
    becauseOf(`/linux/namespaces/${wanted.findIndex((namespace) => namespace.type === type)}`);
  return {
    own: new Set(wanted.filter(({ path }) => path === undefined || path === "").map(({ type }) => type)),
    joined: wanted.flatMap(({ type, path }) =>
      path === undefined || path === "" ? [] : [{ type, path, because: pointer(type) }],
    ),
    becauseOf: pointer,
  };
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
  const own = [...namespaces.own].filter((type) => type !== "cgroup" || !cgroups.joinsLater);
  const joins = namespaces.joined.map((joined) => {
    const out = draft.newSlot();
    plan.host.push({ kind: "openPath", out, path: joined.path, use: "read", because: joined.because });
    return { ...joined, out };
  });
  for (const { type, out, because } of joins.filter((join) => join.type === "pid")) {
    plan.clone.push({ kind: "joinNamespace", ns: out, type: CLONE[type], because });
  }
  const flags = own.reduce((bits, type) => bits | CLONE[type], 0);
  plan.clone.push({
    kind: "clone",
    flags: flags >>> 0,
    pidfd: draft.newSlot(),
    ...(cgroups.birth === undefined ? {} : { cgroup: cgroups.birth }),
    because: input.becauseOf("/linux/namespaces"),
  });
  plan.build.push({ kind: "dumpable", on: false, because: "default, R14" });
  for (const { type, out, because } of joins.filter((join) => join.type !== "pid")) {
    plan.build.push({ kind: "joinNamespace", ns: out, type: CLONE[type], because });
  }
}

/** SECURITY.md, user-namespace handshake: the child waits for its maps, then becomes 0:0 of the new namespace. */
export function compileUserNamespace(draft: Draft, input: CompileInput): void {
  const because = input.becauseOf("/linux/uidMappings");
  const { linux = {} } = input.spec;
  draft.plan.map.push(
    {
      kind: "mapIds",
      uidMap: mapText(linux.uidMappings),
      gidMap: mapText(linux.gidMappings),
      denySetgroups: false,
      because,
    },
    { kind: "release", point: POINT.mapped, because },
  );
  draft.plan.build.push(
    { kind: "await", point: POINT.mapped, because },
    { kind: "groups", gids: [], because },
    { kind: "user", uid: 0, gid: 0, because },
  );
}

// user_namespaces(7): "inside outside length", one line each.
const mapText = (mappings: SpecLinux["uidMappings"] = []): string =>
  mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
