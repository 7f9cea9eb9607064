import { at } from "../../client/client.ts";
import { flag, text } from "../options/option.ts";
import { ago, decimalSize, ellipsis, shortId } from "../print/human.ts";
import { type Listing, listing } from "../print/listing.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Step {
  readonly Id: string;
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Size: number;
  readonly Comment: string;
}

const spec: Listing = {
  quiet: "ID",
  columns: ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"],
  titles: {
    ID: "IMAGE",
    CreatedSince: "CREATED",
    CreatedAt: "CREATED AT",
    CreatedBy: "CREATED BY",
    Size: "SIZE",
    Comment: "COMMENT",
  },
};

export const history = verb({
  usage: "[OPTIONS] IMAGE",
  options: {
    quiet: flag("Ids only", { short: "q" }),
    "no-trunc": flag("Ids and commands in full"),
    human: flag("Sizes and dates as people read them (default true)", { short: "H", default: true }),
    format: text("TEMPLATE", "table, json, or a Go template"),
    platform: text("OS/ARCH", "The platform of several to show"),
  },
  args: [1, 1],
  async run({ client }, { options, args: [name = ""] }) {
    const steps = await client.json<readonly Step[]>({
      method: "GET",
      path: at`/images/${name}/history`,
      query: { platform: options.platform },
    });
    const full = options["no-trunc"];
    const rows = steps.map((step) => {
      const date = new Date(step.Created * 1000).toISOString().replace(/\.\d+Z$/, "Z");
      const command = step.CreatedBy.replaceAll("\t", " ").replace("/bin/sh -c #(nop) ", "");
      return {
        Comment: step.Comment,
        CreatedAt: date,
        CreatedBy: full ? command : ellipsis(command, 45),
        CreatedSince: options.human ? ago(step.Created) : date,
        ID: full || step.Id === "<missing>" ? step.Id : shortId(step.Id),
        Size: options.human ? decimalSize(step.Size) : String(step.Size),
      };
    });
    out(listing(spec, rows, options));
    return 0;
  },
});
