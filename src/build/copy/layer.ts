import type { BlobPart } from "../../image/layout/blobs.ts";
import { noLater, plainEntry, type TarEntry } from "../../image/tar/entry.ts";
import { tarEnd, tarHeader, tarPadding } from "../../image/tar/writer.ts";
import { fromText, type SeenEntry } from "../../image/tree/entry.ts";
import { kind } from "../../image/tree/frames.ts";
import { nameOf, parentOf, within } from "../../image/tree/names.ts";
import { gatherer } from "../../image/tree/tar-out.ts";
import { openArchive, unpacked } from "./archive.ts";
import { destinationOf, isFolderName, severalInto } from "./destination.ts";
import { type Dressing, dressOf } from "./dress.ts";
import type { Item } from "./find.ts";
import type { Found, TreeFound } from "./found.ts";
import { modeChange } from "./mode.ts";
import { ownerIn } from "./owner.ts";
import { type Placed, Placing } from "./placing.ts";
import { type Data, Readers, type Reading } from "./readers.ts";
import type { CopyRequest } from "./request.ts";

/** What one layer is made with. */
interface Making {
  readonly native: string;
  readonly request: CopyRequest;
  readonly placing: Placing<Data>;
  readonly dressing: Dressing;
  /** Where files of several names were put first. */
  readonly firsts: Map<string, string>;
  readonly signal: AbortSignal | undefined;
}

/** The layer's tar: sorted, but for what comes of archives, which keeps their order. */
export async function* layerOf(
  native: string,
  request: CopyRequest,
  found: readonly Found[],
  below: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<BlobPart> {
  const owner = request.owner === null ? null : ownerIn(below, request.owner);
  const change = request.chmod === null ? null : modeChange(request.chmod);
  const placed = { owner: owner ?? { uid: 0, gid: 0 }, time: request.time };
  using placing = new Placing<Data>(request.link ? [] : below, placed);
  const making: Making = { native, request, placing, dressing: { owner, change }, firsts: new Map(), signal };
  const { add, rest } = gatherer();
  for await (const part of partsOf(making, found)) {
    signal?.throwIfAborted();
    if (part instanceof Uint8Array) yield* add(part);
    else {
      yield* rest();
      yield part;
    }
  }
  yield* add(tarEnd);
  yield* rest();
}

async function* partsOf(making: Making, found: readonly Found[]): AsyncGenerator<BlobPart> {
  const { placing, request } = making;
  const count = found.reduce((sum, each) => sum + (each.kind === "inline" ? 1 : each.items.length), 0);
  if (count > 1 && !isFolderName(request.destination) && placing.find(destinationOf(request)).is !== "folder")
    throw severalInto(request.destination);
  for (const [at, each] of found.entries()) {
    if (each.kind === "inline") {
      placeInline(making, each.source);
      continue;
    }
    for (const [n, item] of each.items.entries()) {
      const mayUnpack = each.source.unpack && item.top.kind === kind.file;
      await using archive = mayUnpack
        ? await openArchive(making.native, each.source.root, item.top.path)
        : null;
      if (archive === null) placeItem(making, each, item, `${at} ${n}`);
      else {
        yield* emit(making, placing.take());
        yield* unpacked(archive, { placing, at: destinationOf(request), latest: latestOf(request) });
      }
    }
  }
  yield* emit(making, placing.take());
}

/** A file goes into a folder, or is given the destination's name. */
function placeOf({ placing, request }: Making, name: string): string {
  const destination = destinationOf(request);
  if (isFolderName(request.destination)) return within(placing.folder(destination), name);
  const { path, is } = placing.find(destination);
  if (is === "folder") return within(path, name);
  return within(placing.folder(parentOf(path)), nameOf(path));
}

function placeInline(
  making: Making,
  { name, content }: { readonly name: string; readonly content: Uint8Array },
): void {
  const { placing, request, dressing } = making;
  const mode = dressing.change === null ? 0o644 : dressing.change(0o644, false);
  const dress = { ...plainEntry, type: "file", mode, mtime: request.time, size: content.length } as const;
  placing.file(placeOf(making, fromText(name)), { ...dress, ...dressing.owner }, { kind: "inline", content });
}

function placeItem(making: Making, source: TreeFound, item: Item, id: string): void {
  const { placing, request, dressing } = making;
  const { keepsOwners } = source.source;
  const put = (path: string, entry: SeenEntry) => {
    const isFile = entry.kind === kind.file;
    const data: Data = { kind: "tree", source, path: entry.path, key: `${id} ${entry.identity}` };
    placing.file(path, dressOf(entry, keepsOwners, dressing), isFile ? data : undefined);
  };
  if (item.top.kind !== kind.directory) {
    put(placeOf(making, item.name), item.top);
    return;
  }
  /** Where folders of the source are, by their paths in it. */
  const places = new Map([["", placing.folder(destinationOf(request))]]);
  for (const { relative, entry } of item.beneath) {
    const path = within(places.get(parentOf(relative)) ?? "", nameOf(relative));
    if (entry.kind !== kind.directory) put(path, entry);
    else places.set(relative, placing.folder(path, dressOf(entry, keepsOwners, dressing)));
  }
}

const latestOf = ({ latest }: CopyRequest): number => latest ?? Number.POSITIVE_INFINITY;

/** Entries with their data, read in this order. */
async function* emit(making: Making, placed: readonly Placed<Data>[]): AsyncGenerator<BlobPart> {
  const latest = latestOf(making.request);
  const header = (entry: TarEntry) => tarHeader(noLater(entry, latest));
  await using readers = new Readers(making.native, latest, withoutLinks(making, placed));
  for (const { path, dress, data } of placed) {
    const name = dress.type === "directory" ? `${path}/` : path;
    if (data === undefined) yield header({ ...dress, name });
    else if (data.kind === "inline") yield* whole(header({ ...dress, name }), data.content);
    else {
      const first = making.firsts.get(data.key);
      if (first !== undefined && first !== path)
        yield header({ ...dress, name, type: "hardlink", linkName: first, size: 0 });
      else if (isLarge(dress)) yield* readers.poured({ ...dress, name }, data);
      else yield* readers.file({ ...dress, name }, data);
    }
  }
}

function* whole(header: Uint8Array, content: Uint8Array): Generator<Uint8Array> {
  yield header;
  yield content;
  yield tarPadding(content.length);
}

/** Bytes from which on asking for a file alone costs less than its data on the way through this process. */
const large = 256 * 1024;

const isLarge = ({ size }: Pick<TarEntry, "size">): boolean => size >= large;

/** What has to be read here, in order; of a file with several names only the first, which is remembered. */
function withoutLinks({ firsts }: Making, placed: readonly Placed<Data>[]): Reading[] {
  return placed.flatMap(({ path, dress, data }) => {
    if (data?.kind !== "tree" || firsts.has(data.key)) return [];
    firsts.set(data.key, path);
    return isLarge(dress) ? [] : [data];
  });
}
