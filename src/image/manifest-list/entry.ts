/** A manifest of a registry as a manifest list has it: its document, and the platform that it is for. */
import * as v from "valibot";
import type { Descriptor } from "../../oci/descriptor.ts";
import { InroError } from "../../oci/error.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { platformSchema } from "../../oci/platform.ts";
import { familiarName, formatReference, type Reference } from "../../oci/reference.ts";
import { parseDocument } from "../document.ts";
import { maxDocument } from "../layout/blobs.ts";
import type { RepositoryOptions } from "../registry/ask.ts";
import { openRepository, type RemoteDocument, type Repository } from "../registry/repository.ts";

export interface ListEntry {
  /** The name by which it was put into the list, in full. */
  readonly reference: string;
  readonly descriptor: Descriptor;
  /** The manifest's bytes. */
  readonly content: Buffer;
}

/** What a name leads to: one manifest, or all that an index names. */
export interface Found {
  readonly isList: boolean;
  readonly entries: readonly ListEntry[];
}

const describedSchema = v.pick(v.object({ ...platformSchema.entries, config: v.unknown() }), [
  "architecture",
  "os",
  "variant",
  "os.version",
  "os.features",
]);

/** What the configuration says, as far as it says it. */
async function platformOf(repository: Repository, manifest: Manifest): Promise<Descriptor["platform"]> {
  const { digest, size } = manifest.config;
  if (size > maxDocument) return undefined;
  const config = await repository.bytes({ digest, size });
  if (config === undefined) return undefined;
  try {
    const parsed = v.safeParse(describedSchema, JSON.parse(config.toString("utf8")));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

function descriptorOf({ mediaType: type, digest, content }: RemoteDocument, manifest: Manifest): Descriptor {
  return { mediaType: type || manifest.mediaType || mediaType.ociManifest, digest, size: content.length };
}

/** What a registry has under a name, in short. */
export interface Described {
  readonly descriptor: Descriptor;
  readonly platforms: readonly NonNullable<Descriptor["platform"]>[];
}

/** Nothing but what the name leads to is fetched, and a single image's configuration. Throws as `findRemote` does. */
export async function describeRemote(reference: Reference, options: RepositoryOptions): Promise<Described> {
  const repository = await openRepository(reference, { ...options, purpose: "look at" });
  const top = await repository.manifest(reference.digest ?? reference.tag ?? "latest");
  const parsed = parseDocument(top.content, top.mediaType, `cannot look at "${familiarName(reference)}"`);
  const platforms =
    parsed.kind === "index"
      ? parsed.index.manifests.map(({ platform }) => platform)
      : [await platformOf(repository, parsed.manifest)];
  const own = parsed.kind === "index" ? parsed.index.mediaType : parsed.manifest.mediaType;
  const type = top.mediaType || own || mediaType.ociManifest;
  return {
    descriptor: { mediaType: type, digest: top.digest, size: top.content.length },
    platforms: platforms.filter((platform) => platform !== undefined),
  };
}

/** Throws NO_SUCH_IMAGE, IMAGE_INVALID, and what asking a registry throws. */
export async function findRemote(reference: Reference, options: RepositoryOptions): Promise<Found> {
  const what = `cannot look at "${familiarName(reference)}"`;
  const repository = await openRepository(reference, { ...options, purpose: "look at" });
  const top = await repository.manifest(reference.digest ?? reference.tag ?? "latest");
  const entryOf = async (
    document: RemoteDocument,
    at: string,
    platform?: Descriptor["platform"],
  ): Promise<ListEntry> => {
    const parsed = parseDocument(document.content, document.mediaType, what);
    if (parsed.kind === "index")
      throw new InroError("IMAGE_INVALID", { what, why: "its index points to indexes" });
    const own = platform ?? (await platformOf(repository, parsed.manifest));
    const descriptor = descriptorOf(document, parsed.manifest);
    return {
      reference: at,
      descriptor: own === undefined ? descriptor : { ...descriptor, platform: own },
      content: document.content,
    };
  };
  const parsed = parseDocument(top.content, top.mediaType, what);
  if (parsed.kind === "manifest")
    return { isList: false, entries: [await entryOf(top, formatReference(reference))] };
  const entries: ListEntry[] = [];
  for (const { digest, platform } of parsed.index.manifests)
    entries.push(
      await entryOf(await repository.manifest(digest), formatReference({ ...reference, digest }), platform),
    );
  return { isList: true, entries };
}
