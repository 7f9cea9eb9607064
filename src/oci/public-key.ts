/** Public keys of signatures: ECDSA, Ed25519 and RSA, as PEM. The key says the algorithm, never the message. */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { digestOf } from "./digest.ts";
import { InroError } from "./error.ts";

/** A public key that signatures are held against. Made by `parsePublicKey` alone. */
export interface PublicKey {
  /** The sha256 digest of its DER (SubjectPublicKeyInfo). */
  readonly id: string;
  /** As PEM, without anything around it. */
  readonly pem: string;
  readonly key: KeyObject;
}

const curves: ReadonlySet<string> = new Set(["prime256v1", "secp384r1", "secp521r1"]);
/** Bits; NIST SP 800-131A allows no shorter ones. */
const leastRsa = 2048;

/** Why a key cannot be used, undefined where it can. */
function unfit({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string | undefined {
  if (type === "ed25519") return undefined;
  if (type === "ec") return curves.has(details?.namedCurve ?? "") ? undefined : "its curve is not of NIST's";
  if (type !== "rsa") return `it is a key for ${type ?? "something else"}, not for ECDSA, Ed25519 or RSA`;
  const bits = details?.modulusLength ?? 0;
  return bits >= leastRsa ? undefined : `it is an RSA key of ${bits} bits, and ${leastRsa} are the least`;
}

export function keyInvalid(what: string, why: string, hint?: string): InroError {
  return new InroError("KEY_INVALID", hint === undefined ? { what, why } : { what, why, hint });
}

const publicPem = /^-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----$/;

/** Reads one public key (RFC 7468, "PUBLIC KEY"). Throws KEY_INVALID. */
export function parsePublicKey(text: string): PublicKey {
  const what = "cannot use the public key";
  // Node takes certificates and private keys for public ones too; whoever writes one of these meant something else.
  if (!publicPem.test(text.trim()))
    throw keyInvalid(what, "it is not one PEM block that begins with -----BEGIN PUBLIC KEY-----");
  let key: KeyObject;
  try {
    key = createPublicKey(text.trim());
  } catch {
    throw keyInvalid(what, "what its PEM block holds is no public key");
  }
  return publicKeyOf(key, what);
}

export function publicKeyOf(key: KeyObject, what: string): PublicKey {
  const why = unfit(key);
  if (why !== undefined) throw keyInvalid(what, why);
  const pem = String(key.export({ type: "spki", format: "pem" })).trim();
  return { id: digestOf(key.export({ type: "spki", format: "der" })), pem, key };
}

/** Ed25519 hashes by itself (RFC 8032); RSA is PKCS #1 v1.5, ECDSA is DER, as cosign writes them. */
export const hashOf = (key: KeyObject) => (key.asymmetricKeyType === "ed25519" ? null : "sha256");

export function isSignedBy(bytes: Uint8Array, signature: Uint8Array, { key }: PublicKey): boolean {
  try {
    return verify(hashOf(key), bytes, key, signature);
  } catch {
    return false;
  }
}
