/** Images that stages begin with: here already, or pulled. */
import type { EngineImages } from "../engine/images.ts";
import type { PullProgress } from "../image/images.ts";
import { InroError } from "../oci/error.ts";
import { formatPlatform, type Platform } from "../oci/platform.ts";
import { parseReference, withDefaultRegistry } from "../oci/reference.ts";
import { asStep } from "./as-step.ts";
import type { Base } from "./graph/graph.ts";
import type { Step, Tell } from "./progress.ts";
import type { BuildRequest } from "./request.ts";

const ABSENT = new Set(["NO_SUCH_IMAGE", "NO_MATCHING_PLATFORM"]);

/** Told as a step. What pulling throws. */
export async function bringBase(
  images: EngineImages,
  reference: string,
  o: {
    readonly platform: Platform;
    readonly step: Step;
    readonly request: Pick<BuildRequest, "pull" | "authFor">;
    readonly tell: Tell;
    readonly signal: AbortSignal;
  },
): Promise<Base> {
  return asStep(o.step, o, async () => {
    const here = o.request.pull ? undefined : present(images, reference, o.platform);
    const image = here ?? (await pull(images, reference, o));
    await images.admit(image, reference);
    const { layers, chainIds, config } = image;
    const createdAt = Date.parse(config.created) || 0;
    return {
      result: { node: { op: "base", stack: { layers, chainIds }, createdAt }, config },
      outcome:
        here === undefined
          ? { kind: "done", why: `it was pulled: ${image.id}` }
          : { kind: "cached", why: `it is here: ${image.id}` },
    };
  });
}

function present(images: EngineImages, reference: string, platform: Platform) {
  try {
    return images.resolve(reference, platform);
  } catch (cause) {
    if (cause instanceof InroError && ABSENT.has(cause.code)) return undefined;
    throw cause;
  }
}

async function pull(
  images: EngineImages,
  text: string,
  { platform, request, step, tell, signal }: Parameters<typeof bringBase>[2],
) {
  const reference = parseReference(withDefaultRegistry(text, images.registries().default));
  const onProgress = (progress: PullProgress) => {
    if (progress.kind !== "layer" || progress.state.state !== "downloading") return;
    const { bytes: current, total } = progress.state;
    tell({ type: "progress", step: step.number, what: progress.digest, current, total });
  };
  const auth = request.authFor(reference.domain);
  try {
    return await images.pull(reference, { platform, auth, signal, onProgress });
  } catch (cause) {
    if (!(cause instanceof InroError) || cause.code !== "NO_MATCHING_PLATFORM") throw cause;
    const { code, what, why } = cause;
    const hint = `name another platform than ${formatPlatform(platform)} with --platform`;
    throw new InroError(code, { what, why, hint, cause });
  }
}
