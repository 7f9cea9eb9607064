import { Readable } from "node:stream";
import type { TreeRoot } from "../../image/tree/tree.ts";
import { InroError } from "../../oci/error.ts";
import { volumeOptions } from "../../volume/options.ts";
import type { Core } from "../core.ts";
import type { VolumeDetails } from "../engine.ts";
import { holdStill } from "../life/pause.ts";
import { findVolume, usersOf } from "./find.ts";
import { holdVolume } from "./holds.ts";
import { addVolume } from "./make.ts";
import { withTurns } from "./turns.ts";

/** Where a volume's files are found by who is no container. VOLUME_EMPTY for what containers alone have. */
export function filesOf({ name, mountpoint, options }: VolumeDetails): TreeRoot {
  const { mount } = volumeOptions(options);
  if (mount === null) return { kind: "folder", path: mountpoint };
  if (mount.type === "bind") return { kind: "folder", path: mount.device };
  throw new InroError("VOLUME_NOT_HERE", {
    what: `cannot read the volume "${name}"`,
    why: `its ${mount.type} is mounted in the containers that use it, and nowhere else`,
    hint: "use inro cp with such a container",
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
  const from = filesOf(volume);
  if (from.kind !== "folder") throw new Error("a volume's files are in a folder");
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
      await core.trees.copy(from.path, data);
    }),
  );
}

/** Its files as one tar, as they are meanwhile. NO_SUCH_VOLUME. */
export function exportVolume(core: Core, name: string): Readable {
  const from = filesOf(findVolume(core, name));
  const tar = async function* () {
    using _ = holdVolume(core, name);
    yield* core.trees.read(from, "/", { name: "." });
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
