/** One layer's blob becomes a folder of files, its diffID verified on the way. */
import { join } from "node:path";
import { type Digest, digester } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { diskFull } from "../../platform/disk-full.ts";
import { decompressed } from "../layer-stream.ts";
import { TarError } from "../tar/error.ts";
import { beginApply } from "../tree/apply.ts";
import { type TreeEntry, toText } from "../tree/entry.ts";
import { frame } from "../tree/frames.ts";
import { openTree, TreeFailure, type TreeSession } from "../tree/session.ts";
import { impliedFolders, layerEntry } from "./layer-entry.ts";

export interface UnpackRequest {
  readonly chainId: Digest;
  readonly diffId: Digest;
  /** Of the blob, for messages. */
  readonly digest: Digest;
  /** The blob as it was pushed. */
  readonly source: AsyncIterable<Uint8Array>;
  /** Chain IDs of the layers below, uppermost first. */
  readonly below: readonly Digest[];
  /** Resolves when those are unpacked. */
  readonly belowReady: () => Promise<unknown>;
  /** Called when all of the source was read and is what was promised, before the layers below are waited for. */
  readonly onRead?: () => void;
  /** Of who wants it: ends the waiting for somebody else who unpacks the same. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A decompression bomb is contained: what a layer may unpack to is 1 GiB plus 400 times its compressed size. gzip's own
 * limit is about 1,030 times.
 */
export const ratioBound = { free: 2 ** 30, times: 400 } as const;

const refused = (digest: Digest, why: string, cause: unknown) =>
  new InroError("LAYER_REFUSED", { what: `cannot unpack layer ${digest}`, why, cause });

const reasons: Readonly<Record<string, string>> = {
  EXDEV: "its path leads out of the root",
  ELOOP: "its path goes through too many links, or through one that leads nowhere",
  ENOTDIR: "a part of its path is no folder",
  ENOENT: "what it links to is not in the layer",
  EPERM: "it may not be made here",
  EINVAL: "it is no valid entry",
};

interface Unpacking {
  readonly digest: Digest;
  /** That of all snapshots. */
  readonly folder: string;
  /** Bytes of the files until now: the layer needs that much at least. */
  readonly needed: number;
}

function explained({ digest, folder, needed }: Unpacking, error: unknown): unknown {
  if (error instanceof TarError) return refused(digest, error.message, error);
  if (error instanceof InroError && error.code === "LAYER_DAMAGED") {
    return new InroError("LAYER_DAMAGED", {
      what: `cannot decompress layer ${digest}`,
      why: error.why,
      cause: error,
    });
  }
  if (!(error instanceof TreeFailure)) return error;
  const full = diskFull(error, { what: `cannot unpack layer ${digest}`, folder, needed });
  if (full !== undefined) return full;
  const why = reasons[error.errno];
  return refused(
    digest,
    `entry ${JSON.stringify(toText(error.path))}: ${error.why}${why === undefined ? "" : `, ${why}`}`,
    error,
  );
}

async function inherit(
  session: TreeSession,
  paths: readonly string[],
  lower: readonly string[],
): Promise<void> {
  for (const path of paths) {
    session.outbox.begin(frame.inherit);
    session.outbox.string(path);
    session.outbox.u32(lower.length);
    for (const folder of lower) session.outbox.string(Buffer.from(folder).toString("latin1"));
    session.outbox.end();
    await session.flush();
    await session.done();
  }
}

/** Bytes of a layer as far as it was read: of its blob, of its tar, and of the files in it. */
interface Seen {
  compressed: number;
  unpacked: number;
  size: number;
}

async function unpackInto(
  native: string,
  folder: string,
  { r, lower, seen }: { r: UnpackRequest; lower: readonly string[]; seen: Seen },
): Promise<void> {
  const counted = async function* () {
    for await (const chunk of r.source) {
      seen.compressed += chunk.length;
      yield chunk;
    }
  };
  await using session = await openTree(native, { kind: "folder", path: folder });
  const folders = impliedFolders();
  const convert = (tar: Parameters<typeof layerEntry>[0]): TreeEntry | undefined => {
    const entry = layerEntry(tar);
    if (entry !== undefined) folders.see(entry);
    seen.size += entry?.size ?? 0;
    return entry;
  };
  const sink = beginApply(session, { layer: true, convert });
  const hash = digester();
  for await (const chunk of decompressed(counted())) {
    seen.unpacked += chunk.length;
    if (seen.unpacked > ratioBound.free + ratioBound.times * seen.compressed) {
      throw new TarError(
        `${seen.compressed} bytes unpack to more than ${seen.unpacked}: a decompression bomb`,
      );
    }
    hash.update(chunk);
    await sink.write(chunk);
  }
  await sink.close();
  const found = hash.digest();
  if (found !== r.diffId) {
    throw new InroError("DIFFID_MISMATCH", {
      what: `cannot unpack layer ${r.digest}`,
      why: `the tar within is ${found}, the image's configuration promises ${r.diffId}`,
    });
  }
  r.onRead?.();
  const implied = folders.implied();
  if (implied.length > 0 && lower.length > 0) {
    await r.belowReady();
    await inherit(session, implied, lower);
  }
}

/** Unpacks into `folder`, which is empty. Throws LAYER_REFUSED, LAYER_DAMAGED, DIFFID_MISMATCH or NO_SPACE. */
export async function unpackLayer(
  native: string,
  folder: string,
  r: UnpackRequest,
  lower: readonly string[],
): Promise<{ size: number }> {
  const seen = { compressed: 0, unpacked: 0, size: 0 };
  try {
    await unpackInto(native, folder, { r, lower, seen });
    return { size: seen.size };
  } catch (error) {
    throw explained({ digest: r.digest, folder: join(folder, "../.."), needed: seen.size }, error);
  }
}
