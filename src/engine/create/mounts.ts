import { mkdir, stat } from "node:fs/promises";
import type { Image } from "../../image/images.ts";
import { InroError } from "../../oci/error.ts";
import type { Undo } from "../../oci/undo.ts";
import { checkVolumeName } from "../../volume/volumes.ts";
import type { Core } from "../core.ts";
import type { MountPoint, VolumeDetails } from "../engine.ts";
import { discard } from "../life/remove.ts";
import type { ContainerOptions, MountOption } from "../options.ts";
import { volumeNamed } from "../volumes/find.ts";
import { holdVolume } from "../volumes/holds.ts";
import { makeFolder, volumeDetails } from "../volumes/make.ts";

/** A container's mounts with every source there. */
export interface PreparedMounts {
  readonly points: readonly MountPoint[];
  /** Volumes that were made for it and are not recorded yet. */
  readonly made: readonly VolumeDetails[];
  /** Those that may get what the image has where they will be mounted. */
  readonly filled: readonly { readonly volume: VolumeDetails; readonly target: string }[];
}

/** MOUNT_SOURCE_MISSING; volumes that are missing are made. */
export async function prepareMounts(
  core: Core,
  options: ContainerOptions,
  undo: Undo,
  holds: DisposableStack,
): Promise<PreparedMounts> {
  const made: VolumeDetails[] = [];
  const filled: { volume: VolumeDetails; target: string }[] = [];
  const points: MountPoint[] = [];
  for (const mount of options.mounts)
    if (mount.type === "volume") points.push(await prepareVolume(core, mount, { made, filled, undo, holds }));
    else if (mount.type === "image") points.push(await prepareImage(core, mount));
    else points.push(mount.type === "bind" ? await prepareBind(mount) : tmpfsPoint(mount));
  return { points, made, filled };
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
    subpath: null,
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
  readonly made: VolumeDetails[];
  readonly filled: { volume: VolumeDetails; target: string }[];
  readonly undo: Undo;
  readonly holds: DisposableStack;
}

async function prepareVolume(
  core: Core,
  mount: Extract<MountOption, { type: "volume" }>,
  { made, filled, undo, holds }: Preparing,
): Promise<MountPoint> {
  const { target, subpath, readOnly } = mount;
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
    made.push(volume);
  }
  if (mount.copy && subpath === null) filled.push({ volume, target });
  const anonymous = mount.name === null;
  return { type: "volume", name, source, target, subpath, readOnly, propagation: "", anonymous };
}

/** Not a 404 where there is none: the docker CLI takes that for the container's own image, pulls it and asks again. */
async function prepareImage(
  core: Core,
  { source, target, subpath }: Extract<MountOption, { type: "image" }>,
): Promise<MountPoint> {
  const image = imageToMount(core, source, target);
  await core.images.admit(image, source);
  const rest = { readOnly: true, propagation: "", anonymous: false };
  return { type: "image", name: image.id, source: "", target, subpath, ...rest };
}

function imageToMount(core: Core, source: string, target: string): Image {
  try {
    return core.images.resolve(source);
  } catch (cause) {
    throw new InroError("MOUNT_SOURCE_MISSING", {
      what: `cannot mount the image "${source}" at "${target}"`,
      why: cause instanceof InroError ? cause.why : String(cause),
      hint: `inro pull ${source}`,
      at: `--mount ${target}`,
      cause,
    });
  }
}

function tmpfsPoint(mount: Extract<MountOption, { type: "tmpfs" }>): MountPoint {
  return {
    type: "tmpfs",
    name: null,
    source: "",
    target: mount.target,
    subpath: null,
    readOnly: mount.options.includes("ro"),
    propagation: "",
    anonymous: false,
  };
}
