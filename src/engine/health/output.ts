import type { Readable } from "node:stream";

/** R17: what a probe says is bounded, as in Docker; of the rest nothing is kept. */
const MOST_BYTES = 4096;

/** Docker's frames (attach: one byte for the stream, three of nothing, four of length): what is in them, in order. */
export function listen(stream: Readable): { text(): string } {
  const parts: Buffer[] = [];
  let kept = 0;
  let cut = false;
  let header = Buffer.alloc(0);
  let left = 0;
  const keep = (bytes: Buffer) => {
    const part = bytes.subarray(0, MOST_BYTES - kept);
    cut ||= part.length < bytes.length;
    // A copy: the chunk that it lies in may be large.
    if (part.length > 0) parts.push(Buffer.from(part));
    kept += part.length;
  };
  stream.on("data", (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const more = chunk.subarray(at, at + 8 - header.length);
        header = Buffer.concat([header, more]);
        at += more.length;
        if (header.length < 8) return;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const part = chunk.subarray(at, at + left);
      keep(part);
      at += part.length;
      left -= part.length;
    }
  });
  // The container may end at any moment.
  stream.on("error", () => {});
  return { text: () => Buffer.concat(parts).toString() + (cut ? "..." : "") };
}
