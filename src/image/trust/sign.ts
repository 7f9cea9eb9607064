/** Putting a signature beside an image at its registry. */
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { mediaType } from "../../oci/media-type.ts";
import { familiarName, type Reference } from "../../oci/reference.ts";
import {
  maxSignature,
  readPayload,
  type Signature,
  signatureAnnotation,
  simpleSigning,
} from "../../oci/simple-signing.ts";
import { parseDocument } from "../document.ts";
import type { RemoteDocument, Repository } from "../registry/repository.ts";
import { signatureLayers, signatureTag, signatureType } from "./find.ts";
import { canonical } from "./policy.ts";

const empty = "application/vnd.oci.empty.v1+json";

/** What it signs. Throws SIGNATURE_INVALID unless it is of the manifest that `reference` names by digest, for that repository. */
export function checkPayload({ payload, signature }: Signature, reference: Reference): Digest {
  const refuse = (why: string): never => {
    const what = `cannot keep a signature of "${familiarName(reference)}"`;
    throw new InroError("SIGNATURE_INVALID", { what, why });
  };
  const signed = readPayload(payload) ?? refuse("its payload is none of an image's signature");
  const { domain, path } = signed.identity;
  const isOther =
    canonical(`${domain}/${path}`) !== canonical(`${reference.domain}/${reference.path}`) ||
    signed.digest !== reference.digest;
  if (isOther) refuse(`its payload is for ${domain}/${path}@${signed.digest}`);
  const { length } = Buffer.from(signature).toString("base64");
  if (length === 0 || length > maxSignature) refuse("it has no length of a signature");
  return signed.digest;
}

async function putPayload(repository: Repository, { payload, signature }: Signature): Promise<Descriptor> {
  const annotations = { [signatureAnnotation]: Buffer.from(signature).toString("base64") };
  return { mediaType: simpleSigning, ...(await repository.putBytes(payload)), annotations };
}

/** As a referrer of what it signs. Answers the digest of the signature's manifest. */
export async function putAsReferrer(
  repository: Repository,
  subject: RemoteDocument,
  signature: Signature,
): Promise<Digest> {
  const layer = await putPayload(repository, signature);
  const config = { mediaType: empty, ...(await repository.putBytes(Buffer.from("{}"))) };
  const { content, digest, mediaType: type } = subject;
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    artifactType: signatureType,
    config,
    layers: [layer],
    subject: { mediaType: type, digest, size: content.length },
  };
  const document = { mediaType: mediaType.ociManifest, content: Buffer.from(JSON.stringify(manifest)) };
  return (await repository.putReferrer(document)).digest;
}

/**
 * Under the tag where cosign and podman look first, beside those that are there; whoever adds at the same moment is not
 * seen.
 */
export async function putUnderTag(
  repository: Repository,
  digest: Digest,
  signature: Signature,
): Promise<void> {
  const tag = signatureTag(digest);
  const layers = [...(await signatureLayers(repository, tag)), await putPayload(repository, signature)];
  // An image's configuration, which those who read the tag expect: its layers are the payloads.
  const rootfs = { type: "layers", diff_ids: layers.map((layer) => layer.digest) };
  const content = Buffer.from(JSON.stringify({ architecture: "", os: "", config: {}, rootfs }));
  const config = { mediaType: mediaType.ociConfig, ...(await repository.putBytes(content)) };
  const manifest = { schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers };
  const document = { mediaType: mediaType.ociManifest, content: Buffer.from(JSON.stringify(manifest)) };
  await repository.putManifest(document, tag);
}

/** The manifests that a document stands for: its own, or those that an index lists. */
export function manifestsOf({ content, mediaType: type, digest }: RemoteDocument): Digest[] {
  const parsed = parseDocument(content, type, `cannot read ${digest}`);
  return parsed.kind === "manifest" ? [digest] : parsed.index.manifests.map((each) => each.digest);
}
