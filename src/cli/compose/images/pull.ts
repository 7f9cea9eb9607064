import type { Client } from "../../../client/client.ts";
import { pullLines, pushLines } from "../../images.ts";
import type { ProgressLine } from "../../print/progress.ts";

/** How far something is, in words, and in bytes where they are known. */
export type Tell = (text: string, current?: number, total?: number) => void;

/** Pulls an image, telling how far all its layers are together. */
export async function pull(
  client: Client,
  image: string,
  platform: string | undefined,
  tell: Tell,
): Promise<void> {
  await summed(pullLines(client, image, { platform }), "Pulling", tell);
}

/** Pushes an image. */
export async function push(client: Client, image: string, tell: Tell): Promise<void> {
  await summed(pushLines(client, image, { all: false, platform: undefined }), "Pushing", tell);
}

async function summed(lines: AsyncIterable<ProgressLine>, verb: string, tell: Tell): Promise<void> {
  const layers = new Map<string, { current: number; total: number }>();
  for await (const { error, id, progressDetail } of lines) {
    if (error !== undefined) throw new Error(error);
    const { current = 0, total = 0 } = progressDetail ?? {};
    if (id === undefined || total <= 0) continue;
    // What unpacks a layer counts its bytes anew: the first count is what goes over the network.
    const known = layers.get(id);
    if (known !== undefined && known.total !== total) continue;
    layers.set(id, { current: Math.max(current, known?.current ?? 0), total });
    const all = [...layers.values()];
    const sum = (of: (layer: { current: number; total: number }) => number) =>
      all.reduce((bytes, layer) => bytes + of(layer), 0);
    tell(
      verb,
      sum((layer) => layer.current),
      sum((layer) => layer.total),
    );
  }
}
