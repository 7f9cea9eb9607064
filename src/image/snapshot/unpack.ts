/** One layer's blob becomes a folder of files, its diffID verified on the way. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, type Digester, digester } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { diskFull } from "../../platform/disk-full.ts";
import { decompressed, isCompressed } from "../layer-stream.ts";
import { TarError } from "../tar/error.ts";
import { beginApply, flushAt, type TreeSink } from "../tree/apply.ts";
import { fromText, type TreeEntry, toText } from "../tree/entry.ts";
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
  /** The blob's file, where it is stored already. */
  readonly stored?: string | undefined;
  /** It was stored, and so its digest verified, just now. */
  readonly verified?: boolean | undefined;
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

/** The requests are sent one after the other, and their answers read then: a layer may imply thousands of folders. */
async function inherit(
  session: TreeSession,
  paths: readonly string[],
  lower: readonly string[],
): Promise<void> {
  const { outbox } = session;
  outbox.begin(frame.lower);
  outbox.u32(lower.length);
  for (const folder of lower) outbox.string(fromText(folder));
  outbox.end();
  for (const path of paths) {
    outbox.begin(frame.inherit);
    outbox.string(path);
    outbox.end();
    if (outbox.length >= flushAt) await session.flush();
  }
  await session.flush();
  for (let answers = paths.length + 1; answers > 0; answers--) await session.done();
}

/** Bytes of a layer as far as it was read: of its blob, of its tar, and of the files in it. */
interface Seen {
  compressed: number;
  unpacked: number;
  size: number;
}

/** Bytes of a stored tar that are looked at together. */
const look = 128 * 1024;

/** The native side takes files' data from the stored tar itself; what is to be hashed is read all the same. */
async function applyStored(path: string, sink: TreeSink, hash: Digester | undefined): Promise<void> {
  await using file = await open(path);
  const { size } = await file.stat();
  const buffer = Buffer.allocUnsafeSlow(look);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(buffer, 0, look, at);
    if (bytesRead === 0) return;
    const part = buffer.subarray(0, bytesRead);
    hash?.update(part);
    await sink.write(part);
    at += bytesRead;
    if (hash === undefined) at += sink.skip(size - at);
  }
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
  const stored = r.stored !== undefined && !(await isCompressed(r.stored)) ? r.stored : undefined;
  const sink = await beginApply(session, { layer: true, source: stored, convert });
  // The digest of a plain tar is its diffID.
  const isVerified = stored !== undefined && r.verified === true && r.digest === r.diffId;
  const hash = digester();
  if (stored !== undefined) await applyStored(stored, sink, isVerified ? undefined : hash);
  else
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
  const found = isVerified ? r.diffId : hash.digest();
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
