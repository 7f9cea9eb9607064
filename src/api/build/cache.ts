/** The build cache: what it holds, and what of it goes. */
import type { StockItem } from "../../build/cache/stock.ts";
import { momentOf } from "../../engine/clock.ts";
import type { Filters } from "../../engine/engine.ts";
import { checkFilters } from "../../engine/look/list.ts";
import { json } from "../answer.ts";
import { invalid } from "../asked.ts";
import type { Exchange } from "../exchange.ts";
import { filters, flag, integer, type Query } from "../query.ts";

/** POST /build/prune; `dry-run` is ours: nothing goes, and what would is told. */
export async function pruneCache(x: Exchange): Promise<void> {
  const { query } = x;
  const { removed, reclaimed } = await x.engine.builder.stock.prune({
    fits: cacheFilter(filters(query)),
    all: flag(query, "all"),
    // Docker has renamed it; whoever gives both means the new one.
    reserved: bytes(query, "reserved-space") || bytes(query, "keep-storage"),
    most: bytes(query, "max-used-space"),
    free: bytes(query, "min-free-space"),
    dryRun: flag(query, "dry-run"),
  });
  json(x, 200, { CachesDeleted: removed.map(({ id }) => id), SpaceReclaimed: reclaimed });
}

function bytes(query: Query, name: string): number {
  const value = integer(query, name) ?? 0;
  if (value < 0) throw invalid(name, "it is less than nothing");
  return value;
}

const isTrue = (value: string) => !["0", "f", "false", "no"].includes(value.toLowerCase());

/** Docker's filters; all of them must hold, and of several values of one any. */
const MATCHERS: Readonly<Record<string, (item: StockItem, value: string) => boolean>> = {
  until: ({ usedAt }, value) => usedAt < momentOf(value),
  "unused-for": ({ usedAt }, value) => usedAt < momentOf(value),
  id: ({ id }, value) => id.startsWith(value),
  parent: ({ parents }, value) => parents.some((parent) => parent.startsWith(value)),
  type: ({ type }, value) => type === value,
  description: ({ description }, value) => description.includes(value),
  inuse: ({ isUsed }, value) => isUsed === isTrue(value),
  shared: ({ isShared }, value) => isShared === isTrue(value),
  private: ({ isShared }, value) => isShared !== isTrue(value),
};

function cacheFilter(asked: Filters): (item: StockItem) => boolean {
  checkFilters(asked, Object.keys(MATCHERS));
  for (const name of ["until", "unused-for"]) for (const value of asked[name] ?? []) momentOf(value);
  return (item) =>
    Object.entries(asked).every(([name, values]) => values.some((value) => MATCHERS[name]?.(item, value)));
}

const timeOf = (milliseconds: number) => new Date(milliseconds).toISOString();

/** Docker's BuildCache. */
export const cacheRecord = (item: StockItem) => ({
  ID: item.id,
  Parents: item.parents.length === 0 ? null : item.parents,
  Type: item.type,
  Description: item.description,
  InUse: item.isUsed,
  Shared: item.isShared,
  Size: item.bytes,
  CreatedAt: timeOf(item.createdAt),
  LastUsedAt: timeOf(item.usedAt),
  UsageCount: item.uses,
});
