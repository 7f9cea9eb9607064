export type StandardStream = "stdout" | "stderr";

/** What a frame begins with: one byte that names the stream, three zeros, the length in four bytes, big endian. */
export const FRAME_HEAD = 8;

/** Docker's frames (Engine API, "Stream format"): the head of one with so many bytes behind it. */
export function writeFrameHead(to: Buffer, at: number, stream: StandardStream, length: number): void {
  to.writeUInt32BE((stream === "stdout" ? 1 : 2) * 0x100_0000, at);
  to.writeUInt32BE(length, at + 4);
}

export function framed(stream: StandardStream, data: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(FRAME_HEAD + data.length);
  writeFrameHead(frame, 0, stream, data.length);
  frame.set(data, FRAME_HEAD);
  return frame;
}

/** Answers a function that takes a stream of frames in any pieces. */
export function demultiplexer(
  write: (stream: StandardStream, bytes: Uint8Array) => void,
): (chunk: Uint8Array) => void {
  const header = new Uint8Array(8);
  let headerBytes = 0;
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const part = chunk.subarray(at, at + 8 - headerBytes);
        header.set(part, headerBytes);
        headerBytes += part.length;
        at += part.length;
        if (headerBytes < 8) return;
        headerBytes = 0;
        left = new DataView(header.buffer).getUint32(4);
        continue;
      }
      const bytes = chunk.subarray(at, at + left);
      left -= bytes.length;
      at += bytes.length;
      write(header[0] === 2 ? "stderr" : "stdout", bytes);
    }
  };
}
