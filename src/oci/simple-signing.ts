/**
 * What a signature of an image says, in the form of "simple signing" that cosign, podman and skopeo write: JSON that names
 * the manifest by its digest and the repository that it is signed for. The signature is over its bytes.
 */
import * as v from "valibot";
import { digestSchema } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { parseReference, type Reference, repositoryOf } from "./reference.ts";

/** The media type of a layer that holds a payload, and the annotation that holds its signature in base64. */
export const simpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json";
export const signatureAnnotation = "dev.cosignproject.cosign/signature";

/** Bytes of a payload, and of a signature in base64, that are looked at: real ones have 300 and 700. */
export const maxPayload = 64 * 1024;
export const maxSignature = 8 * 1024;

const type = "cosign container image signature";

const schema = v.object({
  critical: v.strictObject({
    identity: v.strictObject({ "docker-reference": v.string() }),
    image: v.strictObject({ "docker-manifest-digest": digestSchema }),
    type: v.literal(type),
  }),
});

/** A payload's bytes and the signature over them. */
export interface Signature {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Signed {
  /** The manifest's or index's. */
  readonly digest: Digest;
  /** What it is signed as: a repository, and a tag where the signer names one. */
  readonly identity: Reference;
}

/** The payload for a manifest of a repository. */
export function writePayload(reference: Reference, digest: Digest): Buffer {
  const critical = {
    identity: { "docker-reference": repositoryOf(reference) },
    image: { "docker-manifest-digest": digest },
    type,
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

/** What a payload says; undefined where it is none. It is nobody's word until its signature is verified. */
export function readPayload(payload: Uint8Array): Signed | undefined {
  if (payload.length > maxPayload) return undefined;
  try {
    const { critical } = v.parse(schema, JSON.parse(Buffer.from(payload).toString("utf8")));
    return {
      digest: critical.image["docker-manifest-digest"],
      identity: parseReference(critical.identity["docker-reference"]),
    };
  } catch {
    return undefined;
  }
}
