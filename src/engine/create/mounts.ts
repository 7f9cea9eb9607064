import { mkdir, stat } from "node:fs/promises";
import { InroError } from "../../oci/error.ts";
import type { Undo } from "../../oci/undo.ts";
import { checkVolumeName } from "../../volume/volumes.ts";
import type { Core } from "../core.ts";
import type { MountPoint, VolumeDetails } from "../engine.ts";
import { discard } from "../life/remove.ts";
import type { ContainerOptions, MountOption } from "../options.ts";
import type { ResolvedMount } from "../spec/mounts.ts";
import { volumeNamed } from "../volumes/find.ts";
import { holdVolume } from "../volumes/holds.ts";
import { makeFolder, volumeDetails } from "../volumes/make.ts";

/** A container's mounts with every source there, and the volumes that were made for it and are not recorded yet. */
export interface PreparedMounts {
  readonly points: readonly MountPoint[];
  readonly made: readonly {
    readonly volume: VolumeDetails;
    readonly target: string;
    readonly copy: boolean;
  }[];
}

/** MOUNT_SOURCE_MISSING; volumes that are missing are made. */
export async function prepareMounts(
  core: Core,
  options: ContainerOptions,
  undo: Undo,
  holds: DisposableStack,
): Promise<PreparedMounts> {
  const made: { volume: VolumeDetails; target: string; copy: boolean }[] = [];
  const points: MountPoint[] = [];
  for (const mount of options.mounts)
    if (mount.type === "volume") points.push(await prepareVolume(core, mount, { made, undo, holds }));
    else points.push(mount.type === "bind" ? await prepareBind(mount) : tmpfsPoint(mount));
  return { points, made };
}

async function prepareBind(mount: Extract<MountOption, { type: "bind" }>): Promise<MountPoint> {
  if (mount.createSource) await mkdir(mount.source, { recursive: true }).catch(ignoreExisting);
  await stat(mount.source).catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === "ENOENT";
    throw new InroError(missing ? "MOUNT_SOURCE_MISSING" : "MOUNT_SOURCE_UNREADABLE", {
      what: `cannot mount "${mount.source}" at "${mount.target}"`,
      why: missing ? "bind source path does not exist on the host" : cause.message,
      hint: "create it, or use a named volume",
      at: `--mount ${mount.target}`,
      cause,
    });
  });
  return {
    type: "bind",
    name: null,
    source: mount.source,
    target: mount.target,
    readOnly: mount.readOnly,
    propagation: mount.propagation,
    anonymous: false,
  };
}

function ignoreExisting(cause: NodeJS.ErrnoException): void {
  // A file is there: it is what gets mounted.
  if (cause.code !== "EEXIST" && cause.code !== "ENOTDIR") throw cause;
}

interface Preparing {
  readonly made: { volume: VolumeDetails; target: string; copy: boolean }[];
  readonly undo: Undo;
  readonly holds: DisposableStack;
}

async function prepareVolume(
  core: Core,
  mount: Extract<MountOption, { type: "volume" }>,
  { made, undo, holds }: Preparing,
): Promise<MountPoint> {
  const { target, readOnly } = mount;
  if (mount.name !== null) checkVolumeName(mount.name);
  const known = mount.name === null ? undefined : volumeNamed(core, mount.name);
  const volume = known ?? volumeDetails(core, mount);
  const { name, mountpoint: source } = volume;
  holds.use(holdVolume(core, name));
  if (known === undefined && (await makeFolder(core, volume))) {
    undo.add(`remove the volume ${name}`, () => {
      // Another container that is being made has found it meanwhile.
      if ((core.volumeHolds.get(name) ?? 0) > 1) core.records.addVolume(volume);
      else discard(core, core.volumes.folderOf(name));
    });
    made.push({ volume, target, copy: mount.copy });
  }
  const anonymous = mount.name === null;
  return { type: "volume", name, source, target, readOnly, propagation: "", anonymous };
}

function tmpfsPoint(mount: Extract<MountOption, { type: "tmpfs" }>): MountPoint {
  return {
    type: "tmpfs",
    name: null,
    source: "",
    target: mount.target,
    readOnly: mount.options.includes("ro"),
    propagation: "",
    anonymous: false,
  };
}

/** Docker's defaults for a tmpfs come first, so that what the user writes wins. */
const TMPFS_DEFAULTS = ["nosuid", "nodev", "noexec"];

/** Mount points as the spec wants them said, options and the flag that asked for each included. */
export function resolveMounts(
  options: ContainerOptions,
  points: readonly MountPoint[],
): readonly ResolvedMount[] {
  const byTarget = new Map(options.mounts.map((mount) => [mount.target, mount]));
  return points.map((point) => {
    const option = byTarget.get(point.target);
    return {
      type: point.type,
      source: point.source,
      target: point.target,
      options: mountOptions(point, option),
      because: becauseOf(point),
    };
  });
}

function mountOptions(point: MountPoint, option: MountOption | undefined): readonly string[] {
  if (option?.type === "tmpfs") {
    const kept = TMPFS_DEFAULTS.filter((flag) => !option.options.includes(flag.slice(2)));
    return [
      ...kept,
      ...option.options.filter((flag) => flag !== "exec" && flag !== "dev" && flag !== "suid"),
    ];
  }
  const recursive = option?.type === "bind" && !option.recursive ? "bind" : "rbind";
  const propagation = point.propagation === "" ? "rprivate" : point.propagation;
  // mount_setattr(2) with AT_RECURSIVE: what is mounted beneath a read-only source is read-only too.
  const readOnly = recursive === "rbind" ? ["ro", "rro"] : ["ro"];
  return [recursive, propagation, ...(point.readOnly ? readOnly : ["rw"])];
}

function becauseOf(point: MountPoint): string {
  if (point.type === "tmpfs") return `--tmpfs ${point.target}`;
  const source = point.name ?? point.source;
  const suffix = point.readOnly ? ":ro" : "";
  return point.anonymous ? `-v ${point.target}` : `-v ${source}:${point.target}${suffix}`;
}
