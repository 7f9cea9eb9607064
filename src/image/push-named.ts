/** A push by name: which manifest the name leads to, and what the store learns from it. */
import type { Digest } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import {
  familiarName,
  formatReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from "../oci/reference.ts";
import { compressedManifest } from "./compress.ts";
import type { PushOptions } from "./images.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { NamedManifest, Names } from "./layout/names.ts";
import { type Pushed, pushImage } from "./push.ts";
import type { Records } from "./records.ts";
import type { Registries } from "./registry/registries.ts";
import { repoDigest } from "./registry/repository.ts";

export interface NamedStore {
  readonly blobs: Blobs;
  readonly names: Names;
  readonly records: Records;
  readonly registries: () => Registries;
  /** Told when there are blobs that nothing leads to any more. */
  readonly replaced: () => Promise<void>;
}

function manifestOf(names: Names, reference: Reference): NamedManifest {
  const name = formatReference(reference);
  const found = [...names.all.values()].find((each) => each.names.includes(name));
  if (found !== undefined) return found;
  throw new InroError("NO_SUCH_IMAGE", {
    what: `cannot push "${familiarName(reference)}"`,
    why: "no image has this name",
    hint: "give it one with `inro tag`: the registry is the name's first part",
  });
}

/** Another repository of the same registry, from which an image with this blob came. */
function holderIn(records: Records, { domain, path }: Reference): (blob: Digest) => string | undefined {
  const images = records.list();
  return (blob) => {
    for (const { id, layers, repoDigests } of images) {
      if (id !== blob && !layers.some(({ digest }) => digest === blob)) continue;
      const at = repoDigests.map(parseReference).find((each) => each.domain === domain && each.path !== path);
      if (at !== undefined) return at.path;
    }
    return undefined;
  };
}

/** The manifest to push: of an image that has plain layers of its own making another one, which takes its place. */
async function settled(store: NamedStore, named: NamedManifest, o: PushOptions) {
  const { blobs, names, records, replaced } = store;
  const { signal, onProgress = () => {} } = o;
  const descriptor = await compressedManifest({ blobs, records, signal, onProgress }, named);
  if (descriptor === undefined) return named.descriptor;
  await records.learn({ ...named, descriptor });
  if (await names.replace(named.descriptor.digest, descriptor)) await replaced();
  return descriptor;
}

/**
 * Pushes what the name leads to, its layers compressed; from then on the image is known by the digest that it has there.
 * Throws NO_SUCH_IMAGE.
 */
export async function pushNamed(store: NamedStore, wanted: Reference, options: PushOptions): Promise<Pushed> {
  const { blobs, names, records, registries } = store;
  const { domain, path, tag = "latest" } = withDefaultTag(wanted);
  const reference = { domain, path, tag };
  const descriptor = await settled(store, manifestOf(names, reference), options);
  const pushed = await pushImage(
    { blobs, insecure: registries().insecure, holder: holderIn(records, reference) },
    descriptor,
    reference,
    options,
  );
  if (pushed.digest === descriptor.digest)
    await names.extend(descriptor.digest, { names: [], repoDigests: [repoDigest(reference, pushed.digest)] });
  return pushed;
}
