/** Docker's multiplexed form: stream number, three zeros, the length as u32 big endian, then the bytes. */
export function framed(stream: "stdout" | "stderr", data: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(8 + data.length);
  frame.writeUInt32BE((stream === "stdout" ? 1 : 2) * 0x100_0000, 0);
  frame.writeUInt32BE(data.length, 4);
  frame.set(data, 8);
  return frame;
}
