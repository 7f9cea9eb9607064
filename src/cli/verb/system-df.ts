import { flag, text } from "../options/option.ts";
import { decimalSize } from "../print/human.ts";
import { type Listing, listing, type Row } from "../print/listing.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Usage {
  readonly LayersSize: number;
  readonly Images: readonly { readonly Size: number; readonly Containers: number }[] | null;
  readonly Containers: readonly { readonly SizeRw?: number; readonly State: string }[] | null;
  readonly Volumes:
    | readonly { readonly UsageData?: { readonly Size: number; readonly RefCount: number } | null }[]
    | null;
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
    verbose: flag("Without meaning here", { short: "v", hidden: true }),
  },
  args: [0, 0],
  async run({ client }, { options }) {
    const usage = await client.json<Usage>({ method: "GET", path: "/system/df" });
    out(listing(spec, rows(usage), { format: options.format, quiet: false }));
    return 0;
  },
});

const sum = (sizes: readonly number[]) => sizes.reduce((a, b) => a + Math.max(0, b), 0);

function rows(usage: Usage): readonly Row[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const isLive = ({ State }: { State: string }) => ["running", "paused", "restarting"].includes(State);
  return [
    line("Images", images.length, {
      active: images.filter(({ Containers }) => Containers > 0).length,
      size: usage.LayersSize,
      free: sum(images.filter(({ Containers }) => Containers <= 0).map(({ Size }) => Size)),
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
