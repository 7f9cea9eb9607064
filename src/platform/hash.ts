/** SHA-256 in hexadecimal. `Bun.CryptoHasher` rather than node:crypto, whose loading costs 3 ms of a start-up. */
export function sha256(content: string | Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(content).digest("hex");
}
