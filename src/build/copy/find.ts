import { fromText, type SeenEntry, toText } from "../../image/tree/entry.ts";
import { kind } from "../../image/tree/frames.ts";
import type { TreeLook } from "../../image/tree/look.ts";
import { nameOf, parentOf } from "../../image/tree/names.ts";
import { isPattern, namePattern } from "./name-pattern.ts";
import type { CopyRequest, TreeSource } from "./request.ts";
import { type Sieve, sieveOf } from "./sieve.ts";
import { type Wanted, wantedBy } from "./wanted.ts";
import { cleanParts, follow, type Reached } from "./way.ts";

/** What one path of a source, or one match of it, stands for. All names are byte strings. */
export interface Item {
  /** The last name of the path, which a file has at its destination. */
  readonly name: string;
  /** The file, or the folder whose contents are copied; its path has no links. */
  readonly top: SeenEntry;
  /** What is copied of a folder, a folder before what is in it. */
  readonly beneath: readonly Beneath[];
}

export interface Beneath {
  /** From the folder. */
  readonly relative: string;
  readonly entry: SeenEntry;
}

/** A path that stands for nothing. */
export interface Miss {
  /** As the Dockerfile has it. */
  readonly path: string;
  readonly isPattern: boolean;
  /** What it would have stood for, but is hidden. */
  readonly hidden: string | undefined;
}

export interface Finding {
  readonly items: readonly Item[];
  readonly misses: readonly Miss[];
}

type How = Pick<CopyRequest, "parents" | "exclude">;

/** Finds all that the paths of a source stand for. Throws TREE_FAILED, COPY_PATTERN_INVALID, COPY_SOURCE_INVALID. */
export async function findIn(look: TreeLook, source: TreeSource, how: How): Promise<Finding> {
  const items: Item[] = [];
  const misses: Miss[] = [];
  const finder: Finder = { look, source, sieve: sieveOf(source), inside: sieveOf(source, how.exclude) };
  for (const path of source.paths) {
    const found = how.parents ? await withParents(finder, path) : await matching(finder, path, how);
    items.push(...found.items);
    if (found.items.length === 0 && found.isExcluded !== true)
      misses.push({ path, isPattern: isPattern(path), hidden: found.hidden && toText(found.hidden) });
  }
  return { items, misses };
}

interface Finder {
  readonly look: TreeLook;
  readonly source: TreeSource;
  /** Of the ways to a source. */
  readonly sieve: Sieve;
  /** Of what is in it. */
  readonly inside: Sieve;
}

interface FoundItems {
  readonly items: readonly Item[];
  readonly hidden?: string | undefined;
  /** Something was there, and `--exclude` left it out. */
  readonly isExcluded?: boolean;
}

/** From the first part with a wildcard on, names are matched and links on the way are not followed. */
async function matching(finder: Finder, path: string, { exclude }: How): Promise<FoundItems> {
  const { look, sieve } = finder;
  const parts = cleanParts(path);
  const from = parts.findIndex(isPattern);
  const plain = from < 0 ? parts : parts.slice(0, from);
  const base = await follow(look, "", plain.map(fromText), sieve);
  if (from < 0) return itemsOf(finder, [{ name: fromText(parts.at(-1) ?? ""), reached: base }], exclude);
  if (base.entry === undefined) return { items: [], hidden: base.hidden };
  const { entries, hidden } = await matches(finder, base.entry, parts.slice(from));
  const all: { name: string; reached: Reached }[] = [];
  for (const entry of entries) {
    const name = nameOf(entry.path);
    const isLink = entry.kind === kind.symlink;
    all.push({ name, reached: isLink ? await follow(look, parentOf(entry.path), [name], sieve) : { entry } });
  }
  const found = await itemsOf(finder, all, exclude);
  return { ...found, hidden: found.hidden ?? hidden };
}

async function matches(
  { look, sieve }: Finder,
  base: SeenEntry,
  parts: readonly string[],
): Promise<{ readonly entries: readonly SeenEntry[]; readonly hidden: string | undefined }> {
  let entries: readonly SeenEntry[] = [base];
  let hidden: string | undefined;
  for (const [at, part] of parts.entries()) {
    const test = namePattern(part);
    const isLast = at === parts.length - 1;
    const next: SeenEntry[] = [];
    for await (const listed of look.list(entries.map(({ path }) => path)))
      for (const entry of listed) {
        const isFolder = entry.kind === kind.directory;
        if (!test(toText(nameOf(entry.path)))) continue;
        if (sieve.take(entry.path, "", isFolder) === "hidden") hidden ??= entry.path;
        else if (isLast || isFolder) next.push(entry);
      }
    entries = next;
  }
  return { entries: [...entries].sort((a, b) => byBytes(a.path, b.path)), hidden };
}

async function itemsOf(
  finder: Finder,
  all: readonly { readonly name: string; readonly reached: Reached }[],
  exclude: How["exclude"],
): Promise<FoundItems> {
  const items: Item[] = [];
  let hidden: string | undefined;
  let isExcluded = false;
  for (const { name, reached } of all) {
    const { entry } = reached;
    if (entry === undefined) hidden ??= reached.hidden;
    else if (entry.kind === kind.directory)
      items.push({ name, top: entry, beneath: await beneath(finder, entry.path, "all") });
    else if (exclude?.excludedBy(toText(name)) !== undefined) isExcluded = true;
    else if (entry.kind !== kind.socket) items.push({ name, top: entry, beneath: [] });
  }
  return { items, hidden, isExcluded };
}

/** What is before `/./` is not kept; all that is behind it is. */
async function withParents(finder: Finder, path: string): Promise<FoundItems> {
  const pivot = path.indexOf("/./");
  const before = cleanParts(pivot < 0 ? "" : path.slice(0, pivot));
  const parts = cleanParts(pivot < 0 ? path : path.slice(pivot + 3));
  const { entry, ...rest } = await follow(finder.look, "", before.map(fromText), finder.sieve);
  if (entry?.kind !== kind.directory) return { items: [], ...rest };
  const found = await beneath(finder, entry.path, parts.length === 0 ? "all" : wantedBy(parts));
  if (found.length === 0 && parts.length > 0) return { items: [] };
  return { items: [{ name: nameOf(entry.path), top: entry, beneath: found }] };
}

/** Level by level, so that many folders are asked for at once; hidden ones are not entered. */
async function beneath({ look, inside }: Finder, top: string, wanted: Wanted): Promise<Beneath[]> {
  const found: Beneath[] = [];
  /** Folders that are kept only for what is in them. */
  const ways = new Set<string>();
  const start = top === "" ? 0 : top.length + 1;
  let level: { readonly path: string; readonly wanted: Wanted }[] = [{ path: top, wanted }];
  while (level.length > 0) {
    const next: typeof level = [];
    let at = 0;
    for await (const entries of look.list(level.map(({ path }) => path))) {
      const here = level[at++]?.wanted ?? "all";
      for (const entry of entries) {
        if (entry.kind === kind.socket) continue;
        const isFolder = entry.kind === kind.directory;
        const relative = entry.path.slice(start);
        const way = here === "all" ? "all" : here.enter(nameOf(entry.path));
        const leads = way !== "all" && way !== "match";
        if (way === "nothing" || (leads && !isFolder)) continue;
        const taken = inside.take(entry.path, relative, isFolder);
        if (taken === "hidden") continue;
        found.push({ relative, entry });
        if (leads || taken === "way") ways.add(relative);
        if (isFolder) next.push({ path: entry.path, wanted: way === "match" ? "all" : way });
      }
    }
    level = next;
  }
  found.sort((a, b) => byBytes(a.relative, b.relative));
  return ways.size === 0 ? found : withoutEmptyWays(found, ways);
}

function withoutEmptyWays(found: readonly Beneath[], ways: Set<string>): Beneath[] {
  const kept: Beneath[] = [];
  const needed = new Set<string>();
  // Backwards, what is in a folder comes before it.
  for (const each of found.toReversed()) {
    if (ways.has(each.relative) && !needed.has(each.relative)) continue;
    needed.add(parentOf(each.relative));
    kept.push(each);
  }
  return kept.reverse();
}

export const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The path of what is beneath, for those who go through all items. */
export const entriesOf = ({ top, beneath }: Item): readonly SeenEntry[] => [
  top,
  ...beneath.map(({ entry }) => entry),
];
