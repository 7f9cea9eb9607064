import { flag, text } from "../options/option.ts";
import { ago, decimalSize } from "../print/human.ts";
import { type Listing, listing } from "../print/listing.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

/** Docker's BuildCache. */
export interface CacheRecord {
  readonly ID: string;
  readonly Type: string;
  readonly Description: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Size: number;
  readonly LastUsedAt: string | null;
  readonly UsageCount: number;
}

export const cacheListing: Listing = {
  quiet: "ID",
  columns: ["ID", "Reclaimable", "Size", "LastAccessed", "Description"],
  cuts: ["Description"],
  titles: {
    ...{ ID: "ID", Reclaimable: "RECLAIMABLE", Size: "SIZE", LastAccessed: "LAST ACCESSED" },
    ...{ Description: "DESCRIPTION", CacheType: "CACHE TYPE", UsageCount: "USAGE", Shared: "SHARED" },
  },
};

const isFree = ({ InUse }: CacheRecord) => !InUse;

export const cacheRow = (record: CacheRecord) => ({
  ID: record.ID,
  Reclaimable: String(isFree(record)),
  // What an image has, too, frees nothing.
  Size: `${decimalSize(record.Size)}${record.Shared ? "*" : ""}`,
  LastAccessed: record.LastUsedAt === null ? "" : ago(Date.parse(record.LastUsedAt) / 1000),
  Description: record.Description.replace(/\s+/g, " "),
  CacheType: record.Type,
  UsageCount: String(record.UsageCount),
  Shared: String(record.Shared),
});

export const builderDu = verb({
  usage: "[OPTIONS]",
  options: {
    format: text("TEMPLATE", "table, json, or a Go template"),
    quiet: flag("Only the ids", { short: "q" }),
    verbose: flag("Whole descriptions", { short: "v" }),
  },
  args: [0, 0],
  async run({ client }, { options: { format, quiet, verbose } }) {
    const { BuildCache = [] } = await client.json<{ readonly BuildCache?: readonly CacheRecord[] | null }>({
      method: "GET",
      path: "/system/df",
      query: { type: "build-cache" },
    });
    const records = BuildCache ?? [];
    out(listing(cacheListing, records.map(cacheRow), { format, quiet, "no-trunc": verbose }));
    if (quiet || (format ?? "table") !== "table") return 0;
    const sum = (some: readonly CacheRecord[]) => some.reduce((total, { Size }) => total + Size, 0);
    const own = records.filter(({ Shared }) => !Shared);
    out(`\nShared:\t\t${decimalSize(sum(records) - sum(own))}\nPrivate:\t${decimalSize(sum(own))}\n`);
    out(`Reclaimable:\t${decimalSize(sum(own.filter(isFree)))}\nTotal:\t\t${decimalSize(sum(records))}\n`);
    return 0;
  },
});
