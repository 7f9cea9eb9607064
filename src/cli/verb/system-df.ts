import { flag, text } from "../options/option.ts";
import { decimalSize } from "../print/human.ts";
import { type Listing, listing, type Row, rowJson, unescaped } from "../print/listing.ts";
import { template } from "../template/template.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";
import { type CacheRecord, cacheListing, cacheRow } from "./builder-du.ts";
import { type Summary as ImageSummary, rowsOf as imageRows, spec as imageSpec } from "./images.ts";
import { type Summary as ContainerSummary, row as containerRow, spec as containerSpec } from "./ps.ts";

interface Usage {
  readonly LayersSize: number;
  readonly Images: readonly ImageSummary[] | null;
  readonly Containers: readonly ContainerSummary[] | null;
  readonly Volumes:
    | readonly {
        readonly Name: string;
        readonly UsageData?: { readonly Size: number; readonly RefCount: number } | null;
      }[]
    | null;
  readonly BuildCache?: readonly CacheRecord[] | null;
}

const spec: Listing = {
  quiet: "Type",
  columns: ["Type", "TotalCount", "Active", "Size", "Reclaimable"],
  titles: {
    Type: "TYPE",
    TotalCount: "TOTAL",
    Active: "ACTIVE",
    Size: "SIZE",
    Reclaimable: "RECLAIMABLE",
  },
};

export const df = verb({
  usage: "[OPTIONS]",
  options: {
    format: text("TEMPLATE", "table, json, or a Go template"),
    verbose: flag("Each image, container and volume by itself", { short: "v" }),
  },
  args: [0, 0],
  async run({ client }, { options }) {
    const usage = await client.json<Usage>({ method: "GET", path: "/system/df" });
    if (!options.verbose) out(listing(spec, rows(usage), { format: options.format, quiet: false }));
    else out(details(usage, (options.format ?? "").trim()));
    return 0;
  },
});

const list = (title: string, spec: Listing, all: readonly Row[]) =>
  `${title} space usage:\n\n${listing(spec, all, { format: undefined, quiet: false })}\n`;

const imageColumns = [
  "Repository",
  "Tag",
  "ID",
  "CreatedSince",
  "Size",
  "SharedSize",
  "UniqueSize",
  "Containers",
];
const containerColumns = ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"];
const volumeSpec: Listing = {
  quiet: "Name",
  columns: ["Name", "Links", "Size"],
  titles: { Name: "VOLUME NAME", Links: "LINKS", Size: "SIZE" },
};

/** What each takes, as docker has it; in its own words, as JSON or by a template over the lists. */
function details({ Images, Containers, Volumes, BuildCache }: Usage, format: string): string {
  const images = (Images ?? []).flatMap((image) => imageRows(image, true, false));
  const containers = (Containers ?? []).map((one) => ({
    ...containerRow(one, true),
    Size: decimalSize(one.SizeRw ?? 0),
  }));
  const volumes = (Volumes ?? []).map(({ Name, UsageData }) => ({
    Name,
    Links: String(UsageData?.RefCount ?? 0),
    Size: decimalSize(Math.max(UsageData?.Size ?? 0, 0)),
  }));
  const caches = (BuildCache ?? []).map(cacheRow);
  const lists = { Images: images, Containers: containers, Volumes: volumes, BuildCache: caches };
  if (format === "json") return `${rowJson(lists)}\n`;
  if (format !== "" && format !== "table") return `${template(unescaped(format))(lists)}\n`;
  return [
    list("Images", { ...imageSpec, columns: imageColumns }, images),
    list("Containers", { ...containerSpec, columns: containerColumns }, containers),
    list("Local Volumes", volumeSpec, volumes),
    `Build cache usage: ${decimalSize(sum((BuildCache ?? []).map(({ Size }) => Size)))}\n`,
    ...(caches.length === 0 ? [] : [listing(cacheListing, caches, { format: undefined, quiet: false })]),
  ].join("\n");
}

const sum = (sizes: readonly number[]) => sizes.reduce((a, b) => a + Math.max(0, b), 0);

function rows(usage: Usage): readonly Row[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const cache = usage.BuildCache ?? [];
  const isUsed = ({ Containers = 0 }: ImageSummary) => Containers > 0;
  const isLive = ({ State }: { State: string }) => ["running", "paused", "restarting"].includes(State);
  return [
    line("Images", images.length, {
      active: images.filter(isUsed).length,
      size: usage.LayersSize,
      // docker's reckoning: what images in use have for themselves stays.
      free:
        usage.LayersSize - sum(images.filter(isUsed).map(({ Size, SharedSize }) => Size - (SharedSize ?? 0))),
    }),
    line("Containers", containers.length, {
      active: containers.filter(isLive).length,
      size: sum(containers.map(({ SizeRw }) => SizeRw ?? 0)),
      free: sum(containers.filter((one) => !isLive(one)).map(({ SizeRw }) => SizeRw ?? 0)),
    }),
    line("Local Volumes", volumes.length, {
      active: volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0).length,
      size: sum(volumes.map(({ UsageData }) => UsageData?.Size ?? 0)),
      free: sum(
        volumes
          .filter(({ UsageData }) => UsageData?.RefCount === 0)
          .map(({ UsageData }) => UsageData?.Size ?? 0),
      ),
    }),
    line("Build Cache", cache.length, {
      active: cache.filter(({ InUse }) => InUse).length,
      size: sum(cache.map(({ Size }) => Size)),
      free: sum(cache.filter(({ InUse, Shared }) => !InUse && !Shared).map(({ Size }) => Size)),
    }),
  ];
}

function line(type: string, total: number, of: { active: number; size: number; free: number }): Row {
  const percent = of.size > 0 ? ` (${Math.floor((Math.min(of.free, of.size) / of.size) * 100)}%)` : "";
  return {
    Active: String(of.active),
    Reclaimable: `${decimalSize(Math.min(of.free, of.size), 4)}${percent}`,
    Size: decimalSize(of.size, 4),
    TotalCount: String(total),
    Type: type,
  };
}
