import { beginningOf, decompressed } from "../../image/layer-stream.ts";
import { blockSize, isTarHeader, isZeroBlock } from "../../image/tar/header.ts";
import type { Tree } from "../../image/tree/tree.ts";
import { InroError } from "../../oci/error.ts";
import { diskFull } from "../../platform/disk-full.ts";
import { spending } from "../../platform/spent.ts";

/** Bytes of a Dockerfile that comes alone: far more than any real one. */
const mostText = 4 * 1024 * 1024;

interface Target {
  /** Empty, and the build's own. */
  readonly folder: string;
  /** `the build context` */
  readonly title: string;
  readonly signal: AbortSignal;
}

/**
 * Unpacks a tar, plain or compressed by gzip, zstd or xz, and answers undefined; or the text of a Dockerfile that comes alone,
 * where it begins like no tar. CONTEXT_INVALID, COMPRESSION_UNSUPPORTED, LAYER_DAMAGED, NO_SPACE
 */
export async function receive(
  trees: Tree,
  target: Target,
  stream: AsyncIterable<Uint8Array>,
): Promise<string | undefined> {
  const bytes = decompressed(stream);
  const begin = Buffer.concat(await beginningOf(bytes, blockSize));
  const block = begin.subarray(0, blockSize);
  // An empty tar is nothing but zeros.
  const isTar = block.length === blockSize && (isTarHeader(block) || isZeroBlock(block));
  const all = followed(begin, bytes, target.signal);
  return isTar ? await unpack(trees, target, all) : await textOf(all, target.title);
}

async function* followed(
  begin: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield begin;
  for await (const chunk of spending(rest)) {
    signal.throwIfAborted();
    yield chunk;
  }
}

const refusals = new Set(["ARCHIVE_REFUSED", "TREE_FAILED"]);

async function unpack(
  trees: Tree,
  { folder, title }: Target,
  tar: AsyncIterable<Uint8Array>,
): Promise<undefined> {
  try {
    await trees.apply({ kind: "folder", path: folder }, "/", tar, { holes: true });
  } catch (cause) {
    const full = diskFull(cause, { what: `cannot unpack ${title}`, folder });
    if (full !== undefined) throw full;
    if (!(cause instanceof InroError && refusals.has(cause.code))) throw cause;
    const why = cause.code === "TREE_FAILED" ? `${cause.what}: ${cause.why}` : cause.why;
    throw new InroError("CONTEXT_INVALID", { what: `cannot unpack ${title}`, why, cause });
  }
}

async function textOf(bytes: AsyncIterable<Uint8Array>, title: string): Promise<string> {
  const refused = (why: string) =>
    new InroError("CONTEXT_INVALID", {
      what: `cannot use what was sent as ${title}`,
      why,
      hint: "send a tar, or a Dockerfile alone",
    });
  const all: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > mostText) throw refused(`it is no tar, and longer than ${mostText} bytes`);
    all.push(chunk);
  }
  const text = Buffer.concat(all);
  if (text.length === 0) throw refused("it is empty");
  if (text.includes(0)) throw refused("it is neither a tar nor text");
  return text.toString("utf8");
}
