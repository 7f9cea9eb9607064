/** A layer's blob as the tar within, whatever compressed it. */
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { XzReadableStream } from "xz-decompress";
import { InroError, reasonOf } from "../oci/error.ts";
import { spending } from "../platform/spent.ts";
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

/** What a stream begins with, in the pieces that it came in: so many bytes or more, or all of it. */
export async function beginningOf(stream: AsyncIterator<Uint8Array>, bytes: number): Promise<Uint8Array[]> {
  const first: Uint8Array[] = [];
  for (let n = 0; n < bytes; ) {
    const next = await stream.next();
    if (next.done === true) break;
    first.push(next.value);
    n += next.value.length;
  }
  return first;
}

const startsWith = (bytes: Uint8Array, magic: readonly number[]) =>
  magic.every((byte, i) => bytes[i] === byte);

const magicBytes = 10;

const compressions = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
} as const;

/** Whether what is in the file is anything else than what `decompressed` passes as it is. */
export async function isCompressed(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(magicBytes), 0, magicBytes, 0);
  const magic = buffer.subarray(0, bytesRead);
  return Object.values(compressions).some((each) => startsWith(magic, each));
}

/** "BZh", a level, and the first block's mark; a file's name in a tar may well begin with the first three. */
const isBzip2 = (magic: Buffer) =>
  startsWith(magic, [0x42, 0x5a, 0x68]) &&
  startsWith(magic.subarray(4), [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]);

/** What docker takes, and no well-kept library of this platform decompresses as a stream. */
const bzip2Refused = () =>
  new InroError("COMPRESSION_UNSUPPORTED", {
    what: "cannot decompress the stream",
    why: "it is compressed by bzip2: plain, gzip, zstd and xz are read",
    hint: "pass it through the program: `bzip2 -dc FILE | inro load`",
  });

/**
 * Decompresses gzip (also of several members), zstd and xz by their magic numbers, as peers do: media types lie.
 * Anything else passes as it is. Throws LAYER_DAMAGED where the compressed stream is broken or ends early, and
 * COMPRESSION_UNSUPPORTED for bzip2. A source that is not read to its end stays as it is, for whoever opened it to close: a
 * request's body may still be answered.
 */
export async function* decompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await beginningOf(iterator, magicBytes);
  const magic = Buffer.concat(first.map((chunk) => chunk.subarray(0, magicBytes))).subarray(0, magicBytes);
  if (isBzip2(magic)) throw bzip2Refused();
  const whole = from(first, iterator);
  if (startsWith(magic, compressions.gzip)) yield* through(whole, createGunzip({ chunkSize: outputChunk }));
  else if (startsWith(magic, compressions.zstd)) yield* unzstd(whole);
  else if (startsWith(magic, compressions.xz)) yield* unxz(whole);
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

/**
 * One at a time in this process (the library has one instance), with a dictionary of 64 MiB at most, which is what
 * `xz -9` needs.
 */
const unxz = (source: AsyncIterable<Uint8Array>) =>
  toldApart(source, (followed) => {
    const input = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const next = await followed.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: async () => void (await followed.return(undefined)),
    });
    return new XzReadableStream(input);
  });

const through = (source: AsyncIterable<Uint8Array>, transform: NodeJS.ReadWriteStream & Readable) =>
  toldApart(source, async function* (followed) {
    const input = Readable.from(followed, { objectMode: true, highWaterMark: 2 });
    input.once("error", (error) => transform.destroy(error));
    input.pipe(transform);
    try {
      yield* transform as AsyncIterable<Uint8Array>;
    } finally {
      input.destroy();
      transform.destroy();
    }
  });

/** What reading the source throws is thrown on as it is; what decompressing it throws is LAYER_DAMAGED. */
async function* toldApart(
  source: AsyncIterable<Uint8Array>,
  decompress: (followed: AsyncGenerator<Uint8Array>) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let sourceError: unknown;
  const followed = async function* () {
    try {
      yield* source;
    } catch (error) {
      sourceError = error;
      throw error;
    }
  };
  try {
    yield* spending(decompress(followed()));
  } catch (cause) {
    if (sourceError !== undefined) throw sourceError;
    throw damaged(reasonOf(cause), cause);
  }
}

const damaged = (why: string, cause?: unknown) =>
  new InroError("LAYER_DAMAGED", { what: "cannot decompress the stream", why, cause });
