import { at } from "../../client/client.ts";
import { formatJson } from "../../client/json.ts";
import { flag, text } from "../options/option.ts";
import { type DiffAnswer, diffText } from "../print/image-diff.ts";
import { type LayersAnswer, layersText } from "../print/image-layers.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { verb } from "../verb.ts";

const json = flag("As JSON");

export const diff = verb({
  usage: "[OPTIONS] IMAGE|CONTAINER IMAGE|CONTAINER",
  options: { json },
  args: [2, 2],
  examples: ["inro image diff app:1 app:2", "inro image diff app:1 web"],
  async run({ client }, { options, args: [from, to] }) {
    const found = await client.json<DiffAnswer>({
      method: "GET",
      path: "/inro/images/diff",
      query: { from, to },
    });
    out(options.json ? `${formatJson(found, 2)}\n` : diffText(found, paintFor(isTerminal(1))));
    return 0;
  },
});

export const layers = verb({
  usage: "[OPTIONS] IMAGE",
  options: { json, platform: text("OS/ARCH", "The platform of several to show") },
  args: [1, 1],
  examples: ["inro image layers debian:bookworm"],
  async run({ client }, { options, args: [name = ""] }) {
    const found = await client.json<LayersAnswer>({
      method: "GET",
      path: at`/inro/images/${name}/layers`,
      query: { platform: options.platform },
    });
    const columns = isTerminal(1) ? process.stdout.columns || 80 : 120;
    out(
      options.json ? `${formatJson(found, 2)}\n` : layersText(name, found, paintFor(isTerminal(1)), columns),
    );
    return 0;
  },
});
