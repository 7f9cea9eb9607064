import { createHash } from "node:crypto";
import { InroError } from "./error.ts";

/** A content digest, `algorithm:encoded` (image-spec, descriptor.md "Digests"). Made by `parseDigest` alone. */
export type Digest = string & { readonly __brand: "Digest" };

const encodedLength: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** Whether `text` is a digest of an algorithm that we can verify. */
export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(":");
  const length = encodedLength[text.slice(0, Math.max(colon, 0))];
  return (
    length !== undefined && text.length === colon + 1 + length && /^[0-9a-f]+$/.test(text.slice(colon + 1))
  );
}

/** Throws DIGEST_INVALID unless `text` is `sha256:` or `sha512:` with lower-case hexadecimal of the right length. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new InroError("DIGEST_INVALID", {
    what: `cannot use ${JSON.stringify(text.slice(0, 160))} as a digest`,
    why: "a digest is sha256: and 64 hexadecimal digits, or sha512: and 128",
  });
}

export function algorithmOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(":"));
}

/** The hexadecimal part. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** Finds the digest of what comes in pieces; once it is asked for, that was all. */
export interface Digester {
  update(content: Uint8Array | string): void;
  digest(): Digest;
}

export function digester(algorithm = "sha256"): Digester {
  const hash = createHash(algorithm);
  let digest: Digest | undefined;
  return {
    update: (content) => void hash.update(content),
    digest: () => (digest ??= `${algorithm}:${hash.digest("hex")}` as Digest),
  };
}

/** The sha256 digest of bytes or text (as UTF-8). */
export function digestOf(content: Uint8Array | string): Digest {
  const hash = digester();
  hash.update(content);
  return hash.digest();
}

/** The digest of bytes by the algorithm of the one that they should have. */
export function digestAs(promised: Digest, content: Uint8Array): Digest {
  const hash = digester(algorithmOf(promised));
  hash.update(content);
  return hash.digest();
}

/**
 * The chain ID of every layer, from the bottom up (image-spec, config.md "Layer ChainID"):
 * ChainID(L₀) = DiffID(L₀); ChainID(L₀|…|Lₙ) = Digest(ChainID(L₀|…|Lₙ₋₁) + " " + DiffID(Lₙ)).
 */
export function chainIdsOf(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) chain.push(chainIdOn(chain.at(-1), diffId));
  return chain;
}

/** The chain ID of a layer upon the chain ID of those below it. */
export const chainIdOn = (below: Digest | undefined, diffId: Digest): Digest =>
  below === undefined ? diffId : digestOf(`${below} ${diffId}`);
