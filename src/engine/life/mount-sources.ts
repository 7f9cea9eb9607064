import { lookup } from "node:dns/promises";
import { join } from "node:path";
import type { MountDetail } from "../../oci/rootfs.ts";
import { volumeOptions } from "../../volume/options.ts";
import type { Core } from "../core.ts";
import type { MountPoint } from "../engine.ts";
import type { MountOption } from "../options.ts";
import type { ResolvedMount } from "../spec/mounts.ts";
import { rootMount } from "../spec/root-mount.ts";
import { volumeNamed } from "../volumes/find.ts";
import { checkPropagation } from "./propagation.ts";

/** Mount points as a specification says them, with their sources found. */
export async function mountSources(
  core: Core,
  folder: string,
  options: readonly MountOption[],
  points: readonly MountPoint[],
): Promise<readonly ResolvedMount[]> {
  const byTarget = new Map(options.map((mount) => [mount.target, mount]));
  const resolved: ResolvedMount[] = [];
  for (const [index, point] of points.entries()) {
    const option = byTarget.get(point.target);
    const source = await sourceOf(core, join(folder, "images", String(index)), point, option);
    resolved.push({ target: point.target, because: becauseOf(point), ...source });
  }
  return resolved;
}

type Source = Omit<ResolvedMount, "target" | "because">;

async function sourceOf(
  core: Core,
  place: string,
  point: MountPoint,
  option: MountOption | undefined,
): Promise<Source> {
  if (point.type === "image") return await imageSource(core, place, point);
  if (option?.type === "tmpfs")
    return { type: "tmpfs", source: "tmpfs", options: tmpfsOptions(option.options), detail: {} };
  const mount = volumeMount(core, point, option);
  const detail: MountDetail = point.subpath === null ? {} : { subpath: point.subpath };
  if (point.type === "bind") checkPropagation(point.source, point.propagation);
  if (mount === null || mount.type === "bind") {
    const source = mount?.device ?? point.source;
    return { type: "bind", source, options: bindOptions(point, option, mount?.options ?? []), detail };
  }
  const shared = IN_MEMORY.has(mount.type) ? holderOf(core, point.name) : undefined;
  const copyUp = option?.type === "volume" && option.copy;
  return {
    type: mount.type,
    source: mount.device,
    // As an attribute of this mount: others may have the same file system to write to.
    options: [...(await reachable(mount.options)), ...(point.readOnly ? ["rro"] : [])],
    detail: shared === undefined ? { ...detail, copyUp } : { ...detail, shared },
  };
}

/** They have no device by which the kernel would find the same one again. */
export const IN_MEMORY: ReadonlySet<string> = new Set(["tmpfs", "ramfs"]);

/** A container that runs with all of the volume. */
export function holderOf(core: Core, name: string | null): MountDetail["shared"] {
  for (const { live, origin } of core.shelf.all()) {
    const mount = origin.mounts.find(
      (each) => each.type === "volume" && each.name === name && each.subpath === null,
    );
    if (live !== null && mount !== undefined) return { pid: live.pid, path: mount.target };
  }
  return undefined;
}

/** Two that start with the same one at once would each have their own. */
export function hasMemoryVolume(core: Core, points: readonly MountPoint[]): boolean {
  return points.some((point) => IN_MEMORY.has(volumeMount(core, point, undefined)?.type ?? ""));
}

function volumeMount(core: Core, { type, name }: MountPoint, option: MountOption | undefined) {
  if (type !== "volume" || name === null) return null;
  // One that was made for an explanation is not recorded.
  const asked = option?.type === "volume" ? option.options : {};
  return volumeOptions(volumeNamed(core, name)?.options ?? asked).mount;
}

/** Docker's defaults for a tmpfs come first, so that what the user writes wins. */
const TMPFS_DEFAULTS = ["nosuid", "nodev", "noexec"];

function tmpfsOptions(asked: readonly string[]): readonly string[] {
  const kept = TMPFS_DEFAULTS.filter((flag) => !asked.includes(flag.slice(2)));
  return [...kept, ...asked.filter((flag) => flag !== "exec" && flag !== "dev" && flag !== "suid")];
}

/** `more`: of a volume that is a folder of the host. */
function bindOptions(
  point: MountPoint,
  option: MountOption | undefined,
  more: readonly string[],
): readonly string[] {
  const bind = option?.type === "bind" ? option : { recursive: true, readOnlyRecursive: true };
  const isPlain = option?.type === "bind" ? !bind.recursive : more.includes("bind");
  const propagation = point.propagation === "" ? "rprivate" : point.propagation;
  // mount_setattr(2) with AT_RECURSIVE: what is mounted beneath a read-only source is read-only too.
  const readOnly = !isPlain && bind.readOnlyRecursive ? ["ro", "rro"] : ["ro"];
  return [
    isPlain ? "bind" : "rbind",
    propagation,
    ...more.filter((word) => word !== "bind" && word !== "rbind"),
    ...(point.readOnly ? readOnly : more.includes("ro") ? [] : ["rw"]),
  ];
}

/** The kernel takes addresses alone; `loop` is mount(8)'s word for what is done anyway. */
export async function reachable(options: readonly string[]): Promise<readonly string[]> {
  const found = options
    .filter((option) => option !== "loop")
    .map(async (option) => {
      const [, key, host = ""] = /^(addr|mountaddr)=(.+)$/.exec(option) ?? [];
      return key === undefined ? option : `${key}=${(await lookup(host)).address}`;
    });
  return await Promise.all(found);
}

async function imageSource(
  core: Core,
  place: string,
  { name, target, subpath }: MountPoint,
): Promise<Source> {
  const files = await core.images.layers.view(place, core.images.resolve(name ?? ""));
  return rootMount(files, { target, subpath: subpath ?? "", isReadOnly: true });
}

function becauseOf(point: MountPoint): string {
  if (point.type === "tmpfs") return `--tmpfs ${point.target}`;
  if (point.type === "image") return `--mount type=image,target=${point.target}`;
  const source = point.name ?? point.source;
  const suffix = point.readOnly ? ":ro" : "";
  return point.anonymous ? `-v ${point.target}` : `-v ${source}:${point.target}${suffix}`;
}
