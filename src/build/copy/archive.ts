import { beginningOf, decompressed } from "../../image/layer-stream.ts";
import { noLater, type TarEntry } from "../../image/tar/entry.ts";
import { TarError } from "../../image/tar/error.ts";
import { blockSize, isTarHeader } from "../../image/tar/header.ts";
import { tarReader } from "../../image/tar/reader.ts";
import { tarHeader, tarPadding } from "../../image/tar/writer.ts";
import { fromTar, mayCarry } from "../../image/tree/convert.ts";
import { toText } from "../../image/tree/entry.ts";
import { lookAt } from "../../image/tree/look.ts";
import { nameOf, parentOf, treePath, within } from "../../image/tree/names.ts";
import type { TreeRoot } from "../../image/tree/root.ts";
import { InroError } from "../../oci/error.ts";
import type { Placed, Placing } from "./placing.ts";

/** A tar in a file, decompressed. */
export interface Archive extends AsyncDisposable {
  readonly path: string;
  readonly tar: AsyncGenerator<Uint8Array>;
}

async function* bytesOf(native: string, root: TreeRoot, path: string): AsyncGenerator<Uint8Array> {
  await using look = await lookAt(native, root);
  for await (const part of look.contents([path])) if (part.kind === "data") yield part.bytes;
}

/**
 * Null where the file is none, whatever its name is: what does not begin with a tar's header, be it compressed or not, is
 * copied as it is. COMPRESSION_UNSUPPORTED for bzip2.
 */
export async function openArchive(native: string, root: TreeRoot, path: string): Promise<Archive | null> {
  await using opened = new AsyncDisposableStack();
  const file = bytesOf(native, root, path);
  opened.defer(async () => void (await file.return(undefined)));
  const tar = decompressed(file);
  opened.defer(async () => void (await tar.return(undefined)));
  const first = await beginningOf(tar, blockSize).catch((cause: unknown) => {
    if (!(cause instanceof InroError)) throw cause;
    if (cause.code === "COMPRESSION_UNSUPPORTED") throw bzip2(path, cause);
    if (cause.code === "LAYER_DAMAGED") return [];
    throw cause;
  });
  const block = Buffer.concat(first).subarray(0, blockSize);
  if (block.length < blockSize || !isTarHeader(block)) return null;
  const held = opened.move();
  return { path, tar: joined(first, tar), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function* joined(
  first: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* rest;
}

const bzip2 = (path: string, cause: InroError) =>
  new InroError(cause.code, {
    what: `cannot unpack ${JSON.stringify(toText(path))}`,
    why: "it is compressed by bzip2: plain, gzip, zstd and xz are read",
    hint: "compress it by one of those; or COPY it, or ADD --unpack=false, to have it as it is",
    cause,
  });

interface Target {
  readonly placing: Placing<unknown>;
  /** The folder that it is unpacked into. */
  readonly at: string;
  /** Seconds since 1970: nothing of it is younger. */
  readonly latest: number;
}

/** An archive's entries as a layer has them: what is there of the other kind makes way, as with tar(1),
 * and owners are the archive's: `--chown` is for what is not unpacked, with docker and podman too. ARCHIVE_REFUSED */
export async function* unpacked({ path, tar }: Archive, target: Target): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = [];
  const place = placer(target);
  let padding: Uint8Array = Buffer.alloc(0);
  let left = 0;
  target.placing.folder(target.at);
  const reader = tarReader({
    entry(entry) {
      for (const each of place(entry)) out.push(headerOf(each, target.latest));
      left = entry.size;
      padding = tarPadding(entry.size);
    },
    data(bytes) {
      out.push(bytes);
      left -= bytes.length;
      if (left === 0) out.push(padding);
    },
  });
  try {
    for await (const chunk of tar) {
      reader.push(chunk);
      yield* out.splice(0);
    }
    reader.end();
    for (const each of target.placing.take()) yield headerOf(each, target.latest);
  } catch (cause) {
    if (!(cause instanceof TarError)) throw cause;
    throw new InroError("ARCHIVE_REFUSED", {
      what: `cannot unpack ${JSON.stringify(toText(path))}`,
      why: cause.message,
      cause,
    });
  }
}

const headerOf = ({ path, dress }: Placed<unknown>, latest: number): Buffer =>
  tarHeader(noLater({ ...dress, name: dress.type === "directory" ? `${path}/` : path }, latest));

/** Places one entry; answers it with the folders that are made on the way. */
function placer({ placing, at }: Target): (entry: TarEntry) => readonly Placed<unknown>[] {
  /** Where files of the archive are, for hard links to them. */
  const files = new Map<string, string>();
  const realOf = (path: string) => {
    const whole = within(at, path);
    return within(placing.folder(parentOf(whole)), nameOf(whole));
  };
  return (entry) => {
    const { path, target } = fromTar(entry);
    const { name: _, ...rest } = entry;
    const dress = { ...rest, xattrs: entry.xattrs.filter(mayCarry) };
    if (entry.type === "directory")
      placing.folder(path === "" ? at : within(folderOf(path), nameOf(path)), dress, true);
    else {
      const real = realOf(path);
      const linkName = entry.type === "hardlink" ? files.get(target) : entry.linkName;
      if (linkName === undefined)
        throw new TarError(`${JSON.stringify(toText(path))} is a link to what the archive has not`);
      placing.file(real, { ...dress, linkName }, undefined, true);
      files.set(treePath(path), real);
    }
    return placing.take();
  };
  function folderOf(path: string): string {
    return placing.folder(parentOf(within(at, path)));
  }
}
