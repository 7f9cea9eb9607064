/** A layer's blob as the tar within, whatever compressed it. */
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { InroError } from "../oci/error.ts";
import { spent } from "../platform/spent.ts";
import { zstdFrames } from "./zstd-frames.ts";

/** Bytes; larger buffers come fresh from the kernel each time, whose page faults cost more than the calls saved. */
const outputChunk = 128 * 1024;

async function* from(
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

const startsWith = (bytes: Uint8Array, magic: readonly number[]) =>
  magic.every((byte, i) => bytes[i] === byte);

const compressions = { gzip: [0x1f, 0x8b], zstd: [0x28, 0xb5, 0x2f, 0xfd] } as const;

/** Whether what is in the file is anything else than what `decompressed` passes as it is. */
export async function isCompressed(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(magicBytes), 0, magicBytes, 0);
  const magic = buffer.subarray(0, bytesRead);
  return Object.values(compressions).some((each) => startsWith(magic, each));
}

/** Forms that docker takes, and that no well-kept library of this platform decompresses as a stream. */
const foreign: readonly (readonly [program: string, magic: readonly number[]])[] = [
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  // "BZh", a level, and the first block's mark; a file's name in a tar may well begin with the first three.
  ["bzip2", [0x42, 0x5a, 0x68]],
];
const bzip2Block = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const magicBytes = 10;

function refuseForeign(magic: Buffer): void {
  const found = foreign.find(([, own]) => startsWith(magic, own));
  if (found === undefined) return;
  const [program] = found;
  if (program === "bzip2" && !startsWith(magic.subarray(4), bzip2Block)) return;
  throw new InroError("COMPRESSION_UNSUPPORTED", {
    what: "cannot decompress the stream",
    why: `it is compressed by ${program}: plain, gzip and zstd are read`,
    hint: `pass it through the program: \`${program} -dc FILE | inro load\``,
  });
}

/**
 * Decompresses gzip (also of several members) and zstd by their magic numbers, as peers do: media types lie.
 * Anything else passes as it is. Throws LAYER_DAMAGED where the compressed stream is broken or ends early, and
 * COMPRESSION_UNSUPPORTED for xz and bzip2.
 */
export async function* decompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  for (let n = 0; n < magicBytes; ) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
    n += next.value.length;
  }
  const magic = Buffer.concat(first.map((chunk) => chunk.subarray(0, magicBytes))).subarray(0, magicBytes);
  refuseForeign(magic);
  const whole = from(first, iterator);
  if (startsWith(magic, compressions.gzip)) yield* through(whole, createGunzip({ chunkSize: outputChunk }));
  else if (startsWith(magic, compressions.zstd)) yield* unzstd(whole);
  else yield* whole;
}

async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = zstdFrames();
  const followed = async function* () {
    for await (const chunk of source) {
      frames.push(chunk);
      yield chunk;
    }
  };
  yield* through(followed(), createZstdDecompress({ chunkSize: outputChunk }));
  if (!frames.isWhole()) throw damaged("it ends in the middle of a frame");
}

const damaged = (why: string, cause?: unknown) =>
  new InroError("LAYER_DAMAGED", { what: "cannot decompress the stream", why, cause });

async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: NodeJS.ReadWriteStream & Readable,
): AsyncGenerator<Uint8Array> {
  let sourceError: unknown;
  const input = Readable.from(source, { objectMode: true, highWaterMark: 2 });
  input.once("error", (error) => {
    sourceError = error;
    transform.destroy(error);
  });
  input.pipe(transform);
  try {
    for await (const chunk of transform as AsyncIterable<Uint8Array>) {
      yield chunk;
      spent(chunk.length);
    }
  } catch (cause) {
    if (sourceError !== undefined) throw sourceError;
    throw damaged(cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    input.destroy();
    transform.destroy();
  }
}
