/** The target's tree as an image: its layers, its configuration, and a history that says which instruction made what. */
import type { EngineImages } from "../engine/images.ts";
import type { Image } from "../image/images.ts";
import type { ImageConfig } from "../oci/image-config.ts";
import type { HistoryItem, Tree } from "./graph/graph.ts";
import type { Tell } from "./progress.ts";
import type { BuildRequest } from "./request.ts";
import type { Solving } from "./solve/solve.ts";

type History = NonNullable<ImageConfig["history"]>;

/** RFC 3339, as Go prints it: a second has no fraction. */
const timeOf = (milliseconds: number) => new Date(milliseconds).toISOString().replace(".000Z", "Z");

/**
 * The image says that it was made when its last layer was, so that a build that finds all of it in the cache makes the
 * same image again.
 */
export async function assemble(
  images: EngineImages,
  tree: Tree,
  request: Pick<BuildRequest, "labels" | "names" | "timestamp">,
  solving: Solving,
  tell: Tell,
): Promise<Image> {
  const { stack, createdAt } = await solving.solve(tree.node);
  const fixed = request.timestamp === null ? null : request.timestamp * 1000;
  const { lines, sizes } = await historyOf(tree.history, solving, fixed, createdAt, images);
  const { config, author, platform, before } = tree;
  const image = await images.layers.assemble({
    ...{ layers: stack.layers, platform, author, names: request.names },
    created: timeOf(fixed ?? createdAt),
    config: { ...config, Labels: { ...config.Labels, ...request.labels } },
    history: [...(before ?? []), ...lines],
  });
  tell({ type: "image", id: image.id, names: image.names, sizes });
  return image;
}

async function historyOf(
  items: readonly HistoryItem[],
  solving: Solving,
  fixed: number | null,
  last: number,
  { layers }: Pick<EngineImages, "layers">,
): Promise<{ readonly lines: History; readonly sizes: { text: string; bytes: number }[] }> {
  const lines: History = [];
  const sizes: { text: string; bytes: number }[] = [];
  for (const { createdBy: created_by, node } of items) {
    const line = (createdAt: number) => ({ created: timeOf(fixed ?? createdAt), created_by });
    if (node === null) {
      lines.push({ ...line(last), empty_layer: true });
      continue;
    }
    const { stack, createdAt } = await solving.solve(node);
    const below = (await solving.solve(node.below)).stack;
    const isEmpty = stack.layers.length === below.layers.length;
    lines.push({ ...line(createdAt), ...(isEmpty ? { empty_layer: true } : {}) });
    if (!isEmpty) sizes.push({ text: node.step.text, bytes: layers.weigh(stack) });
  }
  return { lines, sizes };
}
