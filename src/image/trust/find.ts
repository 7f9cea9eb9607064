/** The signatures that a repository has for a manifest: OCI referrers, and what cosign writes under a tag. */
import type { Descriptor } from "../../oci/descriptor.ts";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import {
  maxPayload,
  maxSignature,
  type Signature,
  signatureAnnotation,
  simpleSigning,
} from "../../oci/simple-signing.ts";
import { parseDocument } from "../document.ts";
import type { Repository } from "../registry/repository.ts";

/** The type of artifact that a signature is among the referrers. */
export const signatureType = "application/vnd.dev.cosign.artifact.sig.v1+json";

/** The tag under which cosign keeps the signatures of a manifest. */
export const signatureTag = (digest: Digest): string => `${algorithmOf(digest)}-${hexOf(digest)}.sig`;

/** Signatures of one manifest that are looked at; whoever may write to the repository may add more. */
export const maxLooked = 128;

const maxNotes = 8;

export interface Looked {
  /** How many are left to be looked at. */
  left: number;
  /** What was wrong with those that could not be read. */
  readonly notes: string[];
}

/** What is wrong with one part of a repository keeps nobody from the rest; a stop does. */
export async function orNote<T>(notes: string[], work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InroError)) throw error;
    if (notes.length < maxNotes) notes.push(error.why);
    return otherwise;
  }
}

async function payloadOf(repository: Repository, { digest, size }: Descriptor): Promise<Buffer> {
  const what = `cannot read the payload ${digest} of a signature`;
  if (size > maxPayload) throw new InroError("IMAGE_INVALID", { what, why: `a payload has ${size} bytes` });
  const payload = await repository.bytes({ digest, size });
  if (payload !== undefined) return payload;
  throw new InroError("DIGEST_MISMATCH", { what, why: "a payload is not what its digest says" });
}

/** The layers of a manifest that holds signatures; none where it is not there. */
export async function signatureLayers(repository: Repository, tagOrDigest: string): Promise<Descriptor[]> {
  const found = await repository.find(tagOrDigest);
  if (found === undefined) return [];
  const what = `cannot read the signatures ${tagOrDigest}`;
  const parsed = parseDocument(found.content, found.mediaType, what);
  return parsed.kind === "manifest" ? parsed.manifest.layers : [];
}

// The newest first: they are added at the end.
async function* signaturesAt(
  repository: Repository,
  tagOrDigest: string,
  looked: Looked,
): AsyncGenerator<Signature> {
  const layers = await orNote(looked.notes, () => signatureLayers(repository, tagOrDigest), []);
  for (const layer of layers.filter((each) => each.mediaType === simpleSigning).reverse()) {
    const text = layer.annotations?.[signatureAnnotation] ?? "";
    if (looked.left-- <= 0) return;
    if (text === "" || text.length > maxSignature) continue;
    const payload = await orNote(looked.notes, () => payloadOf(repository, layer), undefined);
    if (payload !== undefined) yield { payload, signature: Buffer.from(text, "base64") };
  }
}

/** Every signature of `digest`, the newest first where the order says so. */
export async function* signaturesOf(
  repository: Repository,
  digest: Digest,
  looked: Looked,
): AsyncGenerator<Signature> {
  const listed = await orNote(looked.notes, () => repository.referrers(digest, signatureType), []);
  for (const each of listed.toReversed()) {
    if (looked.left <= 0) return;
    yield* signaturesAt(repository, each.digest, looked);
  }
  yield* signaturesAt(repository, signatureTag(digest), looked);
}
