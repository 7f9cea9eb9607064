import type { Readable } from "node:stream";

/** Bytes of buffers that may wait for the garbage collector. */
const most = 32 << 20;

let waiting = 0;

/**
 * Told of each buffer that streams by and is then dropped. JavaScriptCore hardly sees what is outside its heap: left to
 * itself it lets 70 to 100 MB of such buffers gather in a pull, so they are collected in between, for 5 % of its time.
 */
export function spent(bytes: number): void {
  waiting += bytes;
  if (waiting < most) return;
  waiting = 0;
  Bun.gc(true);
}

/** The same of all that comes from a stream. */
export function spentBy(stream: Readable): void {
  stream.on("data", ({ length }: Uint8Array) => spent(length));
}

/** The same of what is read in a loop: each part is dropped when the next one is asked for. */
export async function* spending(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    yield chunk;
    spent(chunk.length);
  }
}
