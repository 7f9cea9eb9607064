import type { Image, PullProgress } from "../image/images.ts";
import type { Reference } from "../image/reference.ts";
import type { RegistryAuth } from "../image/registry/auth.ts";

/** The image store as the engine offers it: what changes it is told as an event, what is in use stays. */
export interface EngineImages {
  list(): readonly Image[];
  /** By reference, id or prefix of one. NO_SUCH_IMAGE, AMBIGUOUS_ID. */
  resolve(image: string): Image;
  /** NO_SUCH_IMAGE, REGISTRY_UNREACHABLE, DIGEST_MISMATCH, … */
  pull(
    reference: Reference,
    o: {
      readonly platform: string | null;
      readonly auth: RegistryAuth | null;
      readonly signal: AbortSignal;
      onProgress(progress: PullProgress): void;
    },
  ): Promise<Image>;
  /** docker-archive and OCI-archive tars, gzip accepted. */
  load(
    archive: AsyncIterable<Uint8Array>,
    onProgress?: (progress: PullProgress) => void,
  ): Promise<readonly Image[]>;
  tag(image: string, reference: Reference): void;
  /** IMAGE_IN_USE. */
  remove(
    image: string,
    o: { readonly force: boolean },
  ): Promise<{ readonly untagged: readonly string[]; readonly deleted: readonly string[] }>;
  /** Containers made from the image, by id. */
  users(imageId: string): readonly string[];
}
