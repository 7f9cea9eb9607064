import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { diskFull } from "../../platform/disk-full.ts";
import { volumeOptions } from "../../volume/options.ts";
import { checkVolumeName } from "../../volume/volumes.ts";
import { timeNow } from "../clock.ts";
import type { Core } from "../core.ts";
import type { VolumeDetails } from "../engine.ts";
import { discard } from "../life/remove.ts";
import { nameTaken, volumeNamed } from "./find.ts";

export interface VolumeRequest {
  /** `null`: one of its own making. */
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** `type`, `device`, `o`, `size` of the driver `local`. */
  readonly options: Readonly<Record<string, string>>;
}

/** Docker's mark of a volume that nobody has named. */
const ANONYMOUS = "com.docker.volume.anonymous";

export function volumeDetails(core: Core, { name, labels, options }: VolumeRequest): VolumeDetails {
  const chosen = name ?? randomBytes(32).toString("hex");
  return {
    name: chosen,
    driver: "local",
    mountpoint: core.volumes.pathOf(chosen),
    created: timeNow(),
    labels: name === null ? { ...labels, [ANONYMOUS]: "" } : labels,
    options,
    anonymous: name === null,
    renamedFrom: null,
  };
}

/** One of that name that is there already is the answer. INVALID_OPTION, QUOTA_UNSUPPORTED, NO_SPACE. */
export async function makeVolume(core: Core, request: VolumeRequest): Promise<VolumeDetails> {
  if (request.name !== null) checkVolumeName(request.name);
  const known = request.name === null ? undefined : volumeNamed(core, request.name);
  if (known !== undefined) return known;
  try {
    return await addVolume(core, request, async () => {});
  } catch (cause) {
    const racing = request.name === null ? undefined : volumeNamed(core, request.name);
    if (racing !== undefined) return racing;
    throw cause;
  }
}

/**
 * Makes a volume that `fill` fills before anybody sees it: until it is whole it has no name, and without a record the next
 * engine sweeps it. VOLUME_EXISTS, INVALID_OPTION, QUOTA_UNSUPPORTED, NO_SPACE.
 */
export async function addVolume(
  core: Core,
  request: VolumeRequest,
  fill: (data: string) => Promise<void>,
): Promise<VolumeDetails> {
  const { size } = volumeOptions(request.options);
  const volume = volumeDetails(core, request);
  const { name } = volume;
  if (volumeNamed(core, name) !== undefined) throw nameTaken(name);
  try {
    if (!(await makeFilled(core, name, size, fill))) throw nameTaken(name);
  } catch (cause) {
    throw diskFull(cause, { what: `cannot make the volume "${name}"`, folder: core.root }) ?? cause;
  }
  core.records.addVolume(volume);
  core.news.tell({ type: "volume", action: "create", id: name, attributes: { driver: "local" } });
  return volume;
}

/** An empty volume's folder; false when it is there already. */
export async function makeFolder(core: Core, { name, options }: VolumeDetails): Promise<boolean> {
  const { size } = volumeOptions(options);
  return size === null ? core.volumes.make(name) : makeFilled(core, name, size, async () => {});
}

/** It has its name when it is whole. False: the name is taken; nothing is left then, nor where it fails. */
async function makeFilled(
  core: Core,
  name: string,
  size: number | null,
  fill: (data: string) => Promise<void>,
): Promise<boolean> {
  const fresh = core.volumes.begin();
  let isMade = false;
  try {
    if (size === null) mkdirSync(fresh.data, { mode: 0o755 });
    else await core.trees.makeLimited(fresh.data, size);
    await fill(fresh.data);
    isMade = fresh.finish(name);
    return isMade;
  } finally {
    if (!isMade) discard(core, fresh.folder);
  }
}
