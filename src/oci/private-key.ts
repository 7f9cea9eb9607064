/** Private keys that images are signed with. They stay with whoever signs: the engine never sees one. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { hashOf, keyInvalid, type PublicKey, publicKeyOf } from "./public-key.ts";
import { isSigstoreKey, openSigstoreKey } from "./sigstore-key.ts";

/**
 * Reads a private key (PKCS #8, what openssl wrote before it, or cosign's form), and opens one that `isEncrypted`. Throws
 * KEY_INVALID.
 */
export function parsePrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  const what = "cannot use the private key";
  let key: KeyObject;
  try {
    key = isSigstoreKey(pem)
      ? createPrivateKey({ key: openSigstoreKey(pem, passphrase ?? ""), format: "der", type: "pkcs8" })
      : createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    throw keyInvalid(
      what,
      passphrase === undefined ? "it is no PEM of a private key" : "the passphrase does not open it",
    );
  }
  publicHalf(key);
  return key;
}

/** Whether a private key's PEM has to be opened with a passphrase. */
export const isEncrypted = (pem: string): boolean =>
  isSigstoreKey(pem) || pem.includes("BEGIN ENCRYPTED PRIVATE KEY") || /^Proc-Type: 4,ENCRYPTED/m.test(pem);

/** The public half of a private key. */
export const publicHalf = (key: KeyObject): PublicKey =>
  publicKeyOf(createPublicKey(key), "cannot use the private key");

/** A new ECDSA key on P-256 as PEM; the private half is encrypted where a passphrase is given. */
export function newKeyPair(passphrase: string | undefined): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey: half } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const cipher = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return {
    privatePem: String(privateKey.export({ type: "pkcs8", format: "pem", ...cipher })),
    publicPem: String(half.export({ type: "spki", format: "pem" })),
  };
}

export function signBytes(bytes: Uint8Array, key: KeyObject): Buffer {
  return sign(hashOf(key), bytes, key);
}
