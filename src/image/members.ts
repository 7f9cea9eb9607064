/** gzip by several threads: blocks become members of their own, which one after the other are one gzip (RFC 1952, 2.2). */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { spent } from "../platform/spent.ts";

const compress = promisify(gzip) as (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>;

/** Bytes of a block: what a member's own header and tables cost is nothing beside it. */
const blockSize = 1 << 20;
/** Blocks that are compressed at once. */
const parallel = 4;

/** The chunks as blocks of their own memory, each full but the last; at least one. */
async function* blocksOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let block = Buffer.allocUnsafeSlow(blockSize);
  let used = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + blockSize - used);
      block.set(part, used);
      used += part.length;
      at += part.length;
      if (used < blockSize) continue;
      yield block;
      block = Buffer.allocUnsafeSlow(blockSize);
      used = 0;
    }
  }
  yield block.subarray(0, used);
}

/** The source as gzip of this level (zlib's); a chunk of it is not needed any more when the next is asked for. */
export async function* gzipped(source: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Uint8Array> {
  const running: Promise<Buffer>[] = [];
  try {
    for await (const block of blocksOf(source)) {
      running.push(compress(block, { level }));
      // The block, and the chunks that it was made of.
      spent(2 * block.length);
      if (running.length >= parallel) yield await (running.shift() as Promise<Buffer>);
    }
    while (running.length > 0) yield await (running.shift() as Promise<Buffer>);
  } finally {
    // Of one that is not waited for any more nobody wants to hear.
    await Promise.allSettled(running);
  }
}
