/** A list to its registry: manifests of other repositories of it first, with their blobs, then the list itself. */

import { type Digest, digestOf } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { familiarName, formatReference, parseReference, type Reference } from "../../oci/reference.ts";
import { parseDocument } from "../document.ts";
import type { RepositoryOptions } from "../registry/ask.ts";
import { openRepository, type Repository } from "../registry/repository.ts";
import { blobsOf } from "../root.ts";
import { listDocument } from "./document.ts";
import type { ListEntry } from "./entry.ts";

export interface PushedList {
  readonly digest: Digest;
  /** Manifests that were brought into the list's repository, by their names there. */
  readonly copied: readonly string[];
}

function checkRegistry(reference: Reference, from: Reference): void {
  if (from.domain === reference.domain) return;
  throw new InroError("REGISTRY_MIXED", {
    what: `cannot push the manifest list "${familiarName(reference)}"`,
    why: `"${familiarName(from)}" is of another registry`,
    hint: `push it to ${reference.domain} first`,
  });
}

/** Brings a manifest of another repository into the list's: its blobs are mounted, or sent where that is not allowed. */
async function copy(
  target: Repository,
  from: Reference,
  { descriptor, content, reference }: ListEntry,
  options: RepositoryOptions,
): Promise<void> {
  const source = await openRepository(from, options);
  const document = parseDocument(content, descriptor.mediaType, `cannot push "${reference}"`);
  if (document.kind === "index") throw new Error("a list holds manifests alone");
  for (const { digest, size } of blobsOf(document.manifest)) {
    const read = (offset: number) => source.blob({ digest, size, from: offset });
    await target.putBlob({ digest, size, read }, { from: from.path });
  }
  await target.putManifest({ content, mediaType: descriptor.mediaType }, descriptor.digest);
}

/** Throws REGISTRY_MIXED, PLATFORM_MISSING, and what a push throws. */
export async function pushList(
  reference: Reference & { readonly tag: string },
  entries: readonly ListEntry[],
  options: RepositoryOptions,
): Promise<PushedList> {
  const document = listDocument(entries);
  const sources = entries.map((entry) => ({ entry, from: parseReference(entry.reference) }));
  for (const { from } of sources) checkRegistry(reference, from);
  const target = await openRepository(reference, { ...options, access: "push" });
  const copied: string[] = [];
  for (const { entry, from } of sources) {
    if (from.path === reference.path) continue;
    await copy(target, from, entry, options);
    const { domain, path } = reference;
    copied.push(formatReference({ domain, path, digest: entry.descriptor.digest }));
  }
  await target.putManifest(document, reference.tag);
  return { digest: digestOf(document.content), copied };
}
