import { totalsOf } from "../../image/contents/diff.ts";
import type { Image } from "../../image/images.ts";
import { familiar } from "../../oci/reference.ts";
import { json } from "../answer.ts";
import { askedPlatform } from "../ask/image.ts";
import { invalid } from "../asked.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { text } from "../query.ts";

/** Beyond Docker: what is in images, and what of it weighs. */
export const contentsRoutes: readonly Route[] = [
  { method: "GET", pattern: "/inro/images/diff", handle: diff },
  { method: "GET", pattern: "/inro/images/{name...}/layers", handle: layers },
];

const octal = (mode: number) => mode.toString(8).padStart(4, "0");

async function diff(x: Exchange): Promise<void> {
  const [from, to] = [text(x.query, "from"), text(x.query, "to")];
  if (from === null) throw invalid("from", "no image is named");
  if (to === null) throw invalid("to", "no image is named");
  const changes = await x.engine.images.diff(from, to);
  const { added, changed, removed } = totalsOf(changes);
  json(x, 200, {
    Changes: changes.map((change) => ({
      Kind: change.kind,
      Path: change.path,
      Type: change.type,
      Differs: change.differs,
      Before: change.before,
      After: change.after,
      ...(change.differs.includes("mode") ? { Mode: change.mode.map(octal) } : {}),
      ...(change.differs.includes("owner") ? { Owner: change.owner } : {}),
    })),
    Totals: {
      Added: { Count: added.files, Bytes: added.bytes },
      Changed: { Count: changed.files, Bytes: changed.bytes },
      Removed: { Count: removed.files, Bytes: removed.bytes },
    },
  });
}

/** Names of the other images that stand on the same layers up to this one. */
function sharing(all: readonly Image[], image: Image, layer: number): string[] {
  const chainId = image.chainIds[layer];
  const others = all.filter(({ id, chainIds }) => id !== image.id && chainIds[layer] === chainId);
  return others.map(({ id, names }) => {
    const [name] = names;
    return name === undefined ? id.slice("sha256:".length, "sha256:".length + 12) : familiar(name);
  });
}

async function layers(x: Exchange): Promise<void> {
  const platform = askedPlatform(text(x.query, "platform"));
  const image = x.engine.images.resolve(parameter(x, "name"), platform);
  const weights = await x.engine.images.weigh(image);
  const steps = image.config.history.filter((step) => step.empty_layer !== true);
  const all = x.engine.images.list();
  json(x, 200, {
    Id: image.id,
    Layers: weights.map((weight, i) => ({
      Digest: image.layers[i]?.digest ?? "",
      DiffId: image.layers[i]?.diffId ?? "",
      CreatedBy: steps[i]?.created_by ?? "",
      Comment: steps[i]?.comment ?? "",
      Compressed: image.layers[i]?.size ?? 0,
      Bytes: weight.bytes,
      Files: weight.files,
      Folders: weight.folders.map(({ path, bytes }) => ({ Path: path, Bytes: bytes })),
      SharedWith: sharing(all, image, i).sort(),
      Wasted: weight.wasted,
      Waste: weight.waste.map(({ path, bytes, by }) => ({ Path: path, Bytes: bytes, By: by + 1 })),
    })),
  });
}
