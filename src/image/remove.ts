/** `rmi`: what a name or an id stands for is untagged, and deleted with its last name. */
import { InroError } from "../oci/error.ts";
import { familiar, formatReference, parseReference, repositoryOf, withDefaultTag } from "../oci/reference.ts";
import type { Image } from "./image.ts";
import type { Removal, RemoveOptions } from "./images.ts";
import { type NamedManifests, takeName } from "./layout/names.ts";

/** The name of the image that `text` means; undefined where `text` is an id. */
function nameMeant(image: Image, text: string): string | undefined {
  try {
    const reference = withDefaultTag(parseReference(text));
    const local = { ...reference, domain: "localhost", path: reference.path.replace(/^library\//, "") };
    return [reference, local].map(formatReference).find((name) => image.names.includes(name));
  } catch {
    return undefined;
  }
}

function conflict(image: Image, text: string, why: string, hint: string): InroError {
  const short = image.id.slice("sha256:".length, "sha256:".length + 12);
  return new InroError("IMAGE_IN_USE", {
    what: `cannot remove the image ${JSON.stringify(text)} (${short})`,
    why,
    hint,
  });
}

/** Edits what the index says; the caller sweeps. Throws IMAGE_IN_USE. */
export function removeImage(
  image: Image,
  text: string,
  options: RemoveOptions,
  all: NamedManifests,
): Removal {
  const name = nameMeant(image, text);
  if (name !== undefined && image.names.length > 1) {
    takeName(all, name);
    return { untagged: [familiar(name)], deleted: [] };
  }
  const repositories = new Set(image.names.map((each) => repositoryOf(parseReference(each))));
  if (name === undefined && repositories.size > 1 && !options.force) {
    throw conflict(
      image,
      text,
      `${repositories.size} repositories name it`,
      "remove it by its names, or with --force",
    );
  }
  const users = image.family.flatMap(options.inUse);
  if (users.length > 0 && !options.force) {
    throw conflict(
      image,
      text,
      `it is used by ${users.map((user) => JSON.stringify(user)).join(", ")}`,
      "remove the container first, or use --force",
    );
  }
  const untagged = [...image.names.map(familiar), ...image.repoDigests.map(familiar)];
  for (const each of image.names) takeName(all, each);
  // Containers stand on its layers: it stays without a name until they are gone.
  if (users.length > 0) return { untagged, deleted: [] };
  for (const digest of image.roots) all.delete(digest);
  return { untagged, deleted: [...image.family] };
}
