/**
 * Docker's frames (Engine API, "Stream format"): one byte that names the stream, three zeros, the length in four
 * bytes, big endian, then the bytes. Answers a function that takes the stream in any pieces.
 */
export function demultiplexer(
  write: (stream: "stdout" | "stderr", bytes: Uint8Array) => void,
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
