/**
 * What refers to a manifest: signatures, bills of materials (distribution spec 1.1, "Listing Referrers"), also where the
 * registry does not know them and a tag lists them instead ("Referrers Tag Schema").
 */
import type { Descriptor } from "../../oci/descriptor.ts";
import { algorithmOf, type Digest, digestOf, hexOf } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { mediaType } from "../../oci/media-type.ts";
import { type Document, parseDocument } from "../document.ts";
import type { Context } from "./ask.ts";
import { pause } from "./http.ts";
import { findManifest, type Pushed, putManifest } from "./manifest.ts";
import { pages } from "./pages.ts";

/** How often a list is written that others write too. */
const maxWrites = 10;
/** Milliseconds, about, that another writer has between reading the list and writing it. */
const settling = 100;
const maxReferrers = 10_000;

/** The tag that lists the referrers of `digest`. */
export function referrersTag(digest: Digest): string {
  return `${algorithmOf(digest).slice(0, 32)}-${hexOf(digest).slice(0, 64)}`;
}

function listIn(content: Uint8Array, type: string, what: string): readonly Descriptor[] {
  const parsed = parseDocument(content, type, what);
  if (parsed.kind === "index") return parsed.index.manifests;
  throw new InroError("IMAGE_INVALID", { what, why: "it is a manifest, where a list of referrers belongs" });
}

async function listByTag(c: Context, digest: Digest): Promise<readonly Descriptor[]> {
  const tag = referrersTag(digest);
  const document = await findManifest(c, tag);
  return document === undefined
    ? []
    : listIn(document.content, document.mediaType, `cannot read the referrers under the tag ${tag}`);
}

/** What refers to `digest`, of one type of artifact if one is given. */
export async function listReferrers(
  c: Context,
  digest: Digest,
  artifactType?: string,
): Promise<readonly Descriptor[]> {
  const query = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
  const what = `cannot read the referrers of ${digest}`;
  const found: Descriptor[] = [];
  for await (const { ok, body } of pages(c, `/v2/${c.reference.path}/referrers/${digest}${query}`)) {
    if (ok) found.push(...listIn(body, mediaType.ociIndex, what));
    else found.push(...(await listByTag(c, digest)));
    if (found.length > maxReferrers)
      throw new InroError("REGISTRY_ERROR", { what, why: `there are more than ${maxReferrers} of them` });
  }
  return found.filter((each) => artifactType === undefined || each.artifactType === artifactType);
}

/** The descriptor under which a manifest with a subject is listed. */
function descriptorOf(content: Uint8Array, type: string, document: Document): Descriptor {
  const { annotations } = document.kind === "manifest" ? document.manifest : document.index;
  const artifactType =
    document.kind === "manifest"
      ? document.manifest.artifactType || document.manifest.config.mediaType
      : document.index.artifactType;
  return {
    mediaType: type,
    digest: digestOf(content),
    size: content.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** Puts a manifest that names a subject, so that it is found by it. */
export async function putReferrer(
  c: Context,
  document: { readonly content: Uint8Array; readonly mediaType: string },
): Promise<Pushed> {
  const { content, mediaType: type } = document;
  const parsed = parseDocument(content, type, c.what);
  const { subject } = parsed.kind === "manifest" ? parsed.manifest : parsed.index;
  const descriptor = descriptorOf(content, type, parsed);
  const pushed = await putManifest(c, document, descriptor.digest);
  if (subject === undefined || pushed.listed) return pushed;
  await addToList(c, subject.digest, descriptor);
  return pushed;
}

/**
 * Writes until a moment later it reads what it wrote. A tag has no lock, and registries take no conditions: that one of
 * several who add at the same moment is lost is made unlikely, no more.
 */
async function addToList(c: Context, subject: Digest, descriptor: Descriptor): Promise<void> {
  const tag = referrersTag(subject);
  for (let tries = 0; tries < maxWrites; tries++) {
    const others = await listByTag(c, subject);
    if (others.some(({ digest }) => digest === descriptor.digest)) return;
    const index = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [...others, descriptor] };
    await putManifest(c, { content: Buffer.from(JSON.stringify(index)), mediaType: mediaType.ociIndex }, tag);
    await pause(settling * (0.5 + Math.random()), c.options.signal);
  }
  const why = `others write the list of referrers under the tag ${tag} at the same time`;
  throw new InroError("REGISTRY_ERROR", { what: c.what, why, hint: "try again" });
}
