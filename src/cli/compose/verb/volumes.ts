import { label } from "../../../compose/converge/labels.ts";
import { flag, text } from "../../options/option.ts";
import { listing } from "../../print/listing.ts";
import { out } from "../../terminal/output.ts";
import { rowsOf, spec, type Volume } from "../../verb/volume.ts";
import { ANY } from "../../verb.ts";
import { composeVerb } from "../verb.ts";

export const volumes = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    quiet: flag("Names only", { short: "q" }),
    format: text("TEMPLATE", "table, json, or a Go template"),
  },
  args: [0, ANY],
  async run(app, { options, args }) {
    const labels = [`${label.project}=${await app.name()}`];
    const { Volumes } = await app.client.json<{ readonly Volumes: readonly Volume[] | null }>({
      ...{ method: "GET", path: "/volumes", query: { filters: JSON.stringify({ label: labels }) } },
    });
    const mounts =
      args.length === 0 ? [] : (await app.members(args)).flatMap(({ summary }) => summary.Mounts ?? []);
    const names = new Set(mounts.map(({ Name }) => Name));
    const shown = (Volumes ?? []).filter(({ Name }) => args.length === 0 || names.has(Name));
    out(listing(spec, rowsOf(shown), options));
    return 0;
  },
});
