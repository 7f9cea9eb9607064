import { at } from "../../../client/client.ts";
import { flag, text } from "../../options/option.ts";
import { UsageError } from "../../options/usage-error.ts";
import { decimalSize, shortId } from "../../print/human.ts";
import { listing } from "../../print/listing.ts";
import { out } from "../../terminal/output.ts";
import { ANY } from "../../verb.ts";
import { composeVerb } from "../verb.ts";

interface About {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly Size: number;
}

export const images = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    format: text("FORMAT", "table or json", { words: ["table", "json"] }),
    quiet: flag("Ids only", { short: "q" }),
  },
  args: [0, ANY],
  async run(app, { options, args }) {
    const { format = "table" } = options;
    if (format !== "table" && format !== "json")
      throw new UsageError(`cannot use "${format}" for --format: there are table, json`, 1);
    const all = await app.members(args);
    const ids = [...new Set(all.map(({ summary }) => summary.ImageID))];
    const about = new Map(
      await Promise.all(
        ids.map(async (id) => {
          const image = await app.client.json<About>({ method: "GET", path: at`/images/${id}/json` });
          return [id, image] as const;
        }),
      ),
    );
    if (options.quiet) {
      out([...about.values()].map(({ Id }) => `${Id.replace(/^sha256:/, "")}\n`).join(""));
      return 0;
    }
    const rows = all.map(({ name, summary }) => {
      const image = about.get(summary.ImageID);
      const [tag = ""] = image?.RepoTags ?? [];
      const colon = tag.lastIndexOf(":");
      return {
        ID: summary.ImageID,
        ContainerName: name,
        Repository: colon < 0 ? "<none>" : tag.slice(0, colon),
        Tag: colon < 0 ? "<none>" : tag.slice(colon + 1),
        Size: image?.Size ?? 0,
      };
    });
    if (format === "json") out(`${JSON.stringify(rows)}\n`);
    else
      out(
        listing(
          table,
          rows.map((row) => ({ ...row, ID: shortId(row.ID), Size: decimalSize(row.Size) })),
          { format: undefined, quiet: false },
        ),
      );
    return 0;
  },
});

const table = {
  quiet: "ID",
  columns: ["ContainerName", "Repository", "Tag", "ID", "Size"],
  titles: { ContainerName: "CONTAINER", Repository: "REPOSITORY", Tag: "TAG", ID: "IMAGE ID", Size: "SIZE" },
};
