import { Readable } from "node:stream";
import type { TreeRoot } from "../../image/tree/tree.ts";
import { MOUNT_ATTR, parseMountOptions } from "../../kernel/mounts.ts";
import { InroError } from "../../oci/error.ts";
import { volumeOptions } from "../../volume/options.ts";
import type { Core } from "../core.ts";
import type { VolumeDetails } from "../engine.ts";
import { holderOf, IN_MEMORY, reachable } from "../life/mount-sources.ts";
import { holdStill } from "../life/pause.ts";
import { findVolume, usersOf } from "./find.ts";
import { holdVolume } from "./holds.ts";
import { addVolume } from "./make.ts";
import { withTurns } from "./turns.ts";

/** Where a volume's files are for who is no container. */
interface Place {
  readonly root: TreeRoot;
  readonly path: string;
}

/** What lives in memory is there while a container that has it runs. VOLUME_NOT_HERE */
async function placeOf(core: Core, { name, mountpoint, options }: VolumeDetails): Promise<Place> {
  const { mount } = volumeOptions(options);
  if (mount === null) return { root: { kind: "folder", path: mountpoint }, path: "/" };
  const { type, device } = mount;
  if (type === "bind") return { root: { kind: "folder", path: device }, path: "/" };
  if (!IN_MEMORY.has(type)) {
    const { data, set } = parseMountOptions(await reachable(mount.options), type);
    const own = (set & MOUNT_ATTR.readOnly) === 0 ? data : ["ro", ...data];
    return { root: { kind: "fileSystem", type, device, options: own }, path: "/" };
  }
  const holder = holderOf(core, name);
  if (holder !== undefined) return { root: { kind: "process", pid: holder.pid }, path: holder.path };
  throw new InroError("VOLUME_NOT_HERE", {
    what: `cannot read the volume "${name}"`,
    why: `its ${type} is there while a container runs with it, and none does`,
  });
}

/**
 * Another volume with the same files, owners, times and attributes; blocks are shared where the file system can do that.
 * Containers that write to it stand still meanwhile. NO_SUCH_VOLUME, VOLUME_EXISTS, QUOTA_UNSUPPORTED, NO_SPACE.
 */
export async function cloneVolume(
  core: Core,
  name: string,
  o: { readonly name: string | null; readonly labels: Readonly<Record<string, string>> },
): Promise<VolumeDetails> {
  const volume = findVolume(core, name);
  const from = await placeOf(core, volume);
  using _ = holdVolume(core, name);
  const { size } = volumeOptions(volume.options);
  const options = size === null ? {} : { size: String(size) };
  const writers = usersOf(core, name).filter(({ origin }) =>
    origin.mounts.some((mount) => mount.name === name && !mount.readOnly),
  );
  return await withTurns(writers, () =>
    addVolume(core, { ...o, options }, async (data) => {
      await using still = new AsyncDisposableStack();
      for (const entry of writers) still.use(await holdStill(core, entry));
      await fill(core, from, data);
    }),
  );
}

/** As a tar where it is not a folder: a process of its own sees it. */
async function fill(core: Core, { root, path }: Place, data: string): Promise<void> {
  if (root.kind === "folder") await core.trees.copy(root.path, data);
  else {
    const to = { kind: "folder", path: data } as const;
    await core.trees.apply(to, "/", core.trees.read(root, path, { name: "." }), { holes: true });
  }
  await core.trees.settle(data);
}

/** Its files as one tar, as they are meanwhile. NO_SUCH_VOLUME. */
export async function exportVolume(core: Core, name: string): Promise<Readable> {
  const { root, path } = await placeOf(core, findVolume(core, name));
  const tar = async function* () {
    using _ = holdVolume(core, name);
    yield* core.trees.read(root, path, { name: "." });
  };
  return Readable.from(tar(), { objectMode: false, highWaterMark: 256 * 1024 });
}

/** A new volume of what a tar holds. VOLUME_EXISTS, ARCHIVE_REFUSED, QUOTA_UNSUPPORTED, NO_SPACE. */
export async function importVolume(
  core: Core,
  request: Parameters<typeof addVolume>[1],
  tar: AsyncIterable<Uint8Array>,
): Promise<VolumeDetails> {
  if (volumeOptions(request.options).mount !== null)
    throw new InroError("INVALID_OPTION", {
      what: "cannot import a volume",
      why: "its files would lie in what is mounted, and not in the volume",
      hint: "import without type and device",
      at: "--opt type",
    });
  return await addVolume(core, request, async (data) => {
    await core.trees.apply({ kind: "folder", path: data }, "/", tar, { holes: true });
    await core.trees.settle(data);
  });
}
