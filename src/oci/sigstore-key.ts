/**
 * cosign's own private keys: PKCS #8 in a box of nacl/secretbox, whose key scrypt makes of a password (cosign's signature
 * specification, "Keys"; the JSON within the PEM is that of go-tuf's encrypted keys).
 */
import { scryptSync } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import * as v from "valibot";

const pem =
  /-----BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END ENCRYPTED \1 PRIVATE KEY-----/;

/** Whether a PEM is such a key. */
export const isSigstoreKey = (text: string): boolean => pem.test(text);

const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const bytes = v.pipe(
  v.string(),
  v.transform((text) => new Uint8Array(Buffer.from(text, "base64"))),
);
const schema = v.object({
  kdf: v.object({
    name: v.literal("scrypt"),
    // cosign's are 2¹⁶, 8 and 1 (64 MiB); a file does not say how much memory of ours it takes.
    params: v.object({ N: count(1 << 18), r: count(8), p: count(4) }),
    salt: bytes,
  }),
  cipher: v.object({ name: v.literal("nacl/secretbox"), nonce: v.pipe(bytes, v.length(24)) }),
  ciphertext: bytes,
});

const maxMemory = 300 << 20;

/** The key's PKCS #8, as DER. Throws where the password does not open it, or it is none. */
export function openSigstoreKey(text: string, password: string): Buffer {
  const content = Buffer.from(pem.exec(text)?.[2] ?? "", "base64").toString("utf8");
  const { kdf, cipher, ciphertext } = v.parse(schema, JSON.parse(content));
  const key = scryptSync(password, kdf.salt, 32, { ...kdf.params, maxmem: maxMemory });
  return Buffer.from(xsalsa20poly1305(key, cipher.nonce).decrypt(ciphertext));
}
