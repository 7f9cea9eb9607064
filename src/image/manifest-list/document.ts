/** The index that a list becomes, byte for byte what docker makes of the same manifests: their digests are equal. */
import type { Descriptor } from "../../oci/descriptor.ts";
import { InroError } from "../../oci/error.ts";
import { mediaType } from "../../oci/media-type.ts";
import type { ListEntry } from "./entry.ts";

export interface ListDocument {
  readonly mediaType: string;
  readonly content: Buffer;
}

// distribution, manifestlist.PlatformSpec: these fields in this order.
export function platformFields(platform: NonNullable<Descriptor["platform"]>): object {
  const { architecture, os, variant } = platform;
  return {
    ...{ architecture, os },
    ...(platform["os.version"] ? { "os.version": platform["os.version"] } : {}),
    ...(platform["os.features"]?.length ? { "os.features": platform["os.features"] } : {}),
    ...(variant ? { variant } : {}),
  };
}

/** Throws PLATFORM_MISSING where nobody knows what a manifest is for. */
export function listDocument(entries: readonly ListEntry[]): ListDocument {
  const manifests = entries.map(({ reference, descriptor: { mediaType: type, size, digest, platform } }) => {
    if (platform === undefined || platform.architecture === "" || platform.os === "")
      throw new InroError("PLATFORM_MISSING", {
        what: `cannot make a manifest list with "${reference}"`,
        why: "its configuration does not say which platform it is for",
        hint: "say it with `inro manifest annotate --os … --arch …`",
      });
    return { mediaType: type, size, digest, platform: platformFields(platform) };
  });
  const isOci = entries[0]?.descriptor.mediaType === mediaType.ociManifest;
  const own = isOci ? mediaType.ociIndex : mediaType.dockerIndex;
  const content = JSON.stringify({ schemaVersion: 2, mediaType: own, manifests }, null, 3);
  return { mediaType: own, content: Buffer.from(content) };
}
