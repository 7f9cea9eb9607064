import { platformOf } from "../../image/platforms.ts";
import { InroError } from "../../oci/error.ts";
import { formatPlatform, type Platform } from "../../oci/platform.ts";
import type { Exchange } from "../exchange.ts";
import { text } from "../query.ts";
import { askedPlatform } from "./image.ts";

/**
 * The platform that a container of this image is to have; undefined for the host's. One that is not here is NO_SUCH_IMAGE,
 * as dockerd has it, so that the client goes and pulls it.
 */
export function askedPlatformOf({ query, engine }: Exchange, image: string): Platform | undefined {
  const wanted = askedPlatform(text(query, "platform"));
  if (wanted === undefined) return undefined;
  try {
    engine.images.resolve(image, wanted);
  } catch (error) {
    if (!(error instanceof InroError) || error.code !== "NO_MATCHING_PLATFORM") throw error;
    const own = formatPlatform(platformOf(engine.images.resolve(image).config));
    throw new InroError("NO_SUCH_IMAGE", {
      what: `cannot use the image "${image}"`,
      why: `it is for ${own}, not for the specified platform ${formatPlatform(wanted)}`,
    });
  }
  return wanted;
}
