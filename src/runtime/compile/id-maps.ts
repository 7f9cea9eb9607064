import type { MountOptions } from "../../kernel/mounts.ts";
import { InroError } from "../../oci/error.ts";
import type { IdMapping, RuntimeSpec, SpecProcess } from "../../oci/runtime-spec.ts";

/** user_namespaces(7): "inside outside length", one line each. */
export const mapText = (mappings: readonly IdMapping[]): string =>
  mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");

const KINDS = { uid: "uidMappings", gid: "gidMappings" } as const;
const LARGEST = 2 ** 32 - 1;

const invalid = (at: string, why: string, hint?: string): InroError =>
  new InroError("ID_MAPPING_INVALID", {
    what: "cannot map the container's users",
    why,
    ...(hint === undefined ? {} : { hint }),
    at,
  });

/** What the kernel would refuse with a bare EINVAL: ranges that are empty, too long, or overlap on either side. */
function checkRanges(mappings: readonly IdMapping[], at: string): void {
  for (const [index, mapping] of mappings.entries()) {
    const { size } = mapping;
    for (const side of ["containerID", "hostID"] as const) {
      const from = mapping[side];
      if (size < 1 || from < 0 || from + size > LARGEST)
        throw invalid(`${at}/${index}`, `${from} to ${from + size - 1} is no range of ids`);
      const other = mappings.findIndex(
        (one, i) => i < index && one[side] < from + size && from < one[side] + one.size,
      );
      if (other >= 0) throw invalid(`${at}/${index}`, `its range overlaps with that of mapping ${other}`);
    }
  }
}

type UserNamespace = "none" | "new" | "joined";

export function userNamespaceOf({ linux }: RuntimeSpec): UserNamespace {
  const wanted = linux?.namespaces?.find(({ type }) => type === "user");
  if (wanted === undefined) return "none";
  return wanted.path === undefined || wanted.path === "" ? "new" : "joined";
}

/** config-linux.md, "User namespace mappings": what the namespace, the process and the mounts say of each other. */
export function checkIdMaps(spec: RuntimeSpec): void {
  const { linux = {} } = spec;
  const users = userNamespaceOf(spec);
  for (const name of Object.values(KINDS)) {
    const at = `/linux/${name}`;
    const mappings = linux[name] ?? [];
    if (users === "none" && mappings.length > 0)
      throw invalid(at, "the container has no user namespace", 'add one to "namespaces"');
    if (users === "new" && mappings.length === 0)
      throw invalid(at, "a new user namespace has no users without it");
    checkRanges(mappings, at);
  }
  if (spec.process !== undefined) checkProcessIds(spec.process, spec);
  for (const [index, mount] of (spec.mounts ?? []).entries()) {
    const given = Object.values(KINDS).filter((name) => (mount[name] ?? []).length > 0);
    for (const name of given) checkRanges(mount[name] ?? [], `/mounts/${index}/${name}`);
    if (given.length === 1) throw invalid(`/mounts/${index}`, "uidMappings and gidMappings go together");
    checkMountIds(mount.options ?? [], spec, `/mounts/${index}/options`);
  }
}

const covers = (mappings: readonly IdMapping[], id: number): boolean =>
  mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size);

/** Of a namespace that is joined the maps may not be known: then the kernel says it, before the start too. */
function checkMapped(spec: RuntimeSpec, kind: keyof typeof KINDS, id: number, at: string): void {
  const mappings = spec.linux?.[KINDS[kind]] ?? [];
  if (userNamespaceOf(spec) === "none" || mappings.length === 0 || covers(mappings, id)) return;
  throw new InroError("ID_NOT_MAPPED", {
    what: `cannot use the ${kind} ${id} in the container`,
    why: "its user namespace has no such id",
    hint: `extend /linux/${KINDS[kind]}`,
    at,
  });
}

/** The user and groups of a process, of the container's first or of one that is executed in it. */
export function checkProcessIds({ user }: SpecProcess, spec: RuntimeSpec): void {
  checkMapped(spec, "uid", user.uid, "/process/user/uid");
  checkMapped(spec, "gid", user.gid, "/process/user/gid");
  for (const [index, gid] of (user.additionalGids ?? []).entries())
    checkMapped(spec, "gid", gid, `/process/user/additionalGids/${index}`);
}

/** devpts and tmpfs take owners as options: `gid=5`. */
function checkMountIds(options: readonly string[], spec: RuntimeSpec, at: string): void {
  for (const [index, option] of options.entries()) {
    const [, kind, id] = /^(uid|gid)=(\d+)$/.exec(option) ?? [];
    if (id !== undefined) checkMapped(spec, kind as "uid" | "gid", Number(id), `${at}/${index}`);
  }
}

/** A mount whose owners are mapped: by its own maps, or as the container's user namespace maps them. */
export interface MountMap {
  readonly uidMap: string;
  readonly gidMap: string;
  readonly recursive: boolean;
  /** By the namespace that the container joins. */
  readonly joined: boolean;
}

/**
 * config.md, `idmap`, `ridmap`. Maps without either of them are meant all the same: they must not be passed over in
 * silence.
 */
export function mountMapOf(spec: RuntimeSpec, index: number, options: MountOptions): MountMap | undefined {
  const mount = spec.mounts?.[index];
  const own = { uid: mount?.uidMappings ?? [], gid: mount?.gidMappings ?? [] };
  if (options.idMap === "none" && own.uid.length === 0) return undefined;
  const at = `/mounts/${index}`;
  const wrong = (why: string, hint: string): InroError =>
    new InroError("MOUNT_INVALID", {
      what: `cannot map the owners of "${mount?.destination}"`,
      why,
      hint,
      at,
    });
  if (!options.bind || options.remount)
    throw wrong("only a bind mount shows files whose owners could be mapped", 'leave "idmap" out');
  const recursive = options.idMap === "recursive" && options.recursive;
  if (own.uid.length > 0) {
    return { uidMap: mapText(own.uid), gidMap: mapText(own.gid), recursive, joined: false };
  }
  const users = userNamespaceOf(spec);
  if (users === "none")
    throw wrong("neither it nor the container has maps", "give it uidMappings and gidMappings");
  const { uidMappings = [], gidMappings = [] } = users === "new" ? (spec.linux ?? {}) : {};
  return {
    uidMap: mapText(uidMappings),
    gidMap: mapText(gidMappings),
    recursive,
    joined: users === "joined",
  };
}
