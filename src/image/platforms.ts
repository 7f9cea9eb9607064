/** Which of an index's manifests are images, and which of them a platform means. */
import type { Descriptor } from "../oci/descriptor.ts";
import { InroError } from "../oci/error.ts";
import type { ImageConfig } from "../oci/image-config.ts";
import type { ImageIndex } from "../oci/index.ts";
import { formatPlatform, matchesPlatform, type Platform } from "../oci/platform.ts";

/** Indexes within indexes that are followed: nobody needs more than one. */
export const maxDepth = 3;

/** What says something about an image of the same index (BuildKit's attestations), and is none. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return platform?.os === "unknown" || annotations?.["vnd.docker.reference.type"] !== undefined;
}

/** What a configuration says that it was built for. */
export function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  const own = { os: os ?? "linux", architecture: architecture ?? "" };
  return variant === undefined || variant === null || variant === "" ? own : { ...own, variant };
}

export function noMatchingPlatform(what: string, wanted: Platform, there: readonly Platform[]): InroError {
  return new InroError("NO_MATCHING_PLATFORM", {
    what,
    why: `it has no image for ${formatPlatform(wanted)}`,
    hint: `it has ${there.map(formatPlatform).join(", ") || "none at all"}`,
  });
}

/** The best of what there is: the same variant before one that only satisfies. */
export function bestFor<T>(
  items: readonly T[],
  platform: Platform,
  of: (item: T) => Platform,
): T | undefined {
  const matching = items.filter((each) => matchesPlatform(of(each), platform));
  return matching.find((each) => (of(each).variant ?? "") === (platform.variant ?? "")) ?? matching[0];
}

/** The image of an index for a platform. Throws NO_MATCHING_PLATFORM, naming what there is. */
export function chooseManifest(
  index: ImageIndex,
  platform: Platform,
  what: string,
): ImageIndex["manifests"][number] {
  const images = index.manifests.filter((each) => each.platform !== undefined && !isAttestation(each));
  const found = bestFor(images, platform, (each) => each.platform as Platform);
  if (found !== undefined) return found;
  const [only] = index.manifests;
  if (index.manifests.length === 1 && only !== undefined && only.platform === undefined) return only;
  throw noMatchingPlatform(
    what,
    platform,
    images.map((each) => each.platform as Platform),
  );
}
