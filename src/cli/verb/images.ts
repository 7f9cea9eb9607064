import { flag, list, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { ago, decimalSize, goTime, shortId } from "../print/human.ts";
import { type ImageBranch, platformsText } from "../print/image-platforms.ts";
import { filters, type Listing, listing, type Row } from "../print/listing.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { verb } from "../verb.ts";

export const images = verb({
  usage: "[OPTIONS] [NAME[:TAG]]",
  options: {
    all: flag("Those without a name, too", { short: "a" }),
    quiet: flag("Ids only", { short: "q" }),
    digests: flag("With their digests"),
    filter: list("KEY=VALUE", "Only those that fit: dangling=true, label=x, reference=deb*", { short: "f" }),
    "no-trunc": flag("Ids in full"),
    tree: flag("With the platforms of each, those too that are not here"),
    format: text("TEMPLATE", "table, json, or a Go template: '{{.Repository}}:{{.Tag}}'"),
  },
  args: [0, 1],
  async run({ client }, { options, args: [name] }) {
    const wanted = [...options.filter, ...(name === undefined ? [] : [`reference=${name}`])];
    const { all, digests, tree } = options;
    if (tree && (options.quiet || digests || options.format !== undefined))
      throw new UsageError("--tree has a form of its own: leave --quiet, --digests and --format out", 1);
    const found = await client.json<readonly Summary[]>({
      method: "GET",
      path: "/images/json",
      query: { all, filters: filters(wanted), digests, manifests: tree },
    });
    if (tree) {
      out(platformsText(found as readonly Branch[], paintFor(isTerminal(1))));
      return 0;
    }
    const rows = found.flatMap((image) => rowsOf(image, !options["no-trunc"], options.digests));
    const columns = [
      "Repository",
      "Tag",
      ...(options.digests ? ["Digest"] : []),
      "ID",
      "CreatedSince",
      "Size",
    ];
    const unique = options.quiet && options.format === undefined ? firstOfEach(rows) : rows;
    out(listing({ ...spec, columns }, unique, options));
    return 0;
  },
});

export interface Summary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Created: number;
  readonly Size: number;
  readonly SharedSize?: number;
  readonly Containers?: number;
}

type Branch = Summary & ImageBranch;

export const spec: Omit<Listing, "columns"> = {
  quiet: "ID",
  titles: {
    ID: "IMAGE ID",
    Repository: "REPOSITORY",
    Tag: "TAG",
    Digest: "DIGEST",
    CreatedSince: "CREATED",
    CreatedAt: "CREATED AT",
    Size: "SIZE",
    Containers: "CONTAINERS",
    VirtualSize: "SIZE",
    SharedSize: "SHARED SIZE",
    UniqueSize: "UNIQUE SIZE",
  },
};

const NONE = "<none>";

/** A row for each name; an image without one has one row. */
export function rowsOf(image: Summary, short: boolean, withDigests: boolean): Row[] {
  const tags = (image.RepoTags ?? []).filter((tag) => tag !== "<none>:<none>");
  const digests = (image.RepoDigests ?? []).filter((digest) => digest !== "<none>@<none>");
  const digestOf = (repository: string) =>
    digests.find((digest) => digest.startsWith(`${repository}@`))?.slice(repository.length + 1) ?? NONE;
  const names = tags.map((name) => {
    const colon = name.lastIndexOf(":");
    const repository = name.slice(0, colon);
    return { Repository: repository, Tag: name.slice(colon + 1), Digest: digestOf(repository) };
  });
  const nameless = digests.slice(0, withDigests ? undefined : 1).map((digest) => {
    const [repository = NONE, hash = NONE] = digest.split("@");
    return { Repository: repository, Tag: NONE, Digest: hash };
  });
  const some =
    names.length > 0
      ? names
      : nameless.length > 0
        ? nameless
        : [{ Repository: NONE, Tag: NONE, Digest: NONE }];
  return some.map((name) => ({
    Containers: (image.Containers ?? -1) < 0 ? "N/A" : String(image.Containers),
    CreatedAt: goTime(image.Created),
    CreatedSince: image.Created > 0 ? ago(image.Created) : "N/A",
    ID: short ? shortId(image.Id) : image.Id,
    ...name,
    SharedSize: (image.SharedSize ?? -1) < 0 ? "N/A" : decimalSize(image.SharedSize ?? 0),
    Size: decimalSize(image.Size),
    UniqueSize: (image.SharedSize ?? -1) < 0 ? "N/A" : decimalSize(image.Size - (image.SharedSize ?? 0)),
    VirtualSize: decimalSize(image.Size),
  }));
}

function firstOfEach(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [row["ID"], row])).values()];
}
