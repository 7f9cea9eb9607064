import type { Readable } from "node:stream";
import { demultiplexer } from "../../oci/stream-frames.ts";

/** R17: what a probe says is bounded, as in Docker; of the rest nothing is kept. */
const MOST_BYTES = 4096;

/** What comes by a stream of Docker's frames. */
export function listen(stream: Readable): { text(): string } {
  const parts: Buffer[] = [];
  let kept = 0;
  let cut = false;
  const keep = (bytes: Uint8Array) => {
    const part = bytes.subarray(0, MOST_BYTES - kept);
    cut ||= part.length < bytes.length;
    // A copy: the chunk that it lies in may be large.
    if (part.length > 0) parts.push(Buffer.from(part));
    kept += part.length;
  };
  stream.on(
    "data",
    demultiplexer((_, bytes) => keep(bytes)),
  );
  // The container may end at any moment.
  stream.on("error", () => {});
  return { text: () => Buffer.concat(parts).toString() + (cut ? "..." : "") };
}
