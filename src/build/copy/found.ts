import { kind } from "../../image/tree/frames.ts";
import { lookAt } from "../../image/tree/look.ts";
import { InroError } from "../../oci/error.ts";
import { type Contents, contentsOf } from "./contents.ts";
import { entriesOf, type Finding, findIn, type Item, type Miss } from "./find.ts";
import type { CopyRequest, InlineSource, TreeSource } from "./request.ts";

/** What a source gives, and what is in its files. */
export type Found =
  | (TreeFound & { readonly kind: "tree" })
  | { readonly kind: "inline"; readonly source: InlineSource };

export interface TreeFound {
  readonly source: TreeSource;
  readonly items: readonly Item[];
  readonly contents: Contents;
}

export const filesOf = (items: readonly Item[]) =>
  items.flatMap((item) => entriesOf(item).filter((entry) => entry.kind === kind.file));

/**
 * Looks at all sources, one after the other, and reads the files whose contents are not known. COPY_SOURCE_MISSING,
 * COPY_SOURCE_INVALID, COPY_PATTERN_INVALID, COPY_SOURCE_CHANGED
 */
export async function findAll(native: string, request: CopyRequest, signal?: AbortSignal): Promise<Found[]> {
  const all: Found[] = [];
  const missed: { readonly source: TreeSource; readonly miss: Miss }[] = [];
  let isEmpty = true;
  for (const source of request.sources) {
    signal?.throwIfAborted();
    if (source.kind === "inline") {
      all.push({ kind: "inline", source });
      isEmpty = false;
      continue;
    }
    await using look = await lookAt(native, source.root);
    const { items, misses } = await findIn(look, source, request);
    for (const miss of misses) missed.push({ source, miss });
    const plain = misses.find(({ isPattern }) => !isPattern);
    if (plain !== undefined) throw missing(source, plain);
    if (items.length > 0) isEmpty = false;
    const contents = await contentsOf(look, filesOf(items), source.digests, signal);
    all.push({ kind: "tree", source, items, contents });
  }
  // `COPY package.json yarn.lock* ./`: a pattern may stand for nothing where something else is copied.
  const [first] = missed;
  if (isEmpty && first !== undefined) throw missing(first.source, first.miss);
  return all;
}

/** The same look again. */
export async function findAgain(
  native: string,
  request: CopyRequest,
  { source, contents }: TreeFound,
): Promise<Finding & { readonly young: Contents["digests"] }> {
  await using look = await lookAt(native, source.root);
  const finding = await findIn(look, source, request);
  const young = filesOf(finding.items).filter(({ identity }) => contents.young.has(identity));
  return { ...finding, young: (await contentsOf(look, young, null, undefined)).digests };
}

function missing({ title, ignore }: TreeSource, { path, isPattern, hidden }: Miss): InroError {
  const rule = hidden === undefined ? undefined : ignore?.rules.excludedBy(hidden);
  if (hidden !== undefined)
    return new InroError("COPY_SOURCE_MISSING", {
      what: `cannot copy ${JSON.stringify(path)} from ${title}`,
      why: `${JSON.stringify(hidden)} is there, but line ${rule?.line} of ${ignore?.name} hides it: ${rule?.text}`,
      hint: `"!${hidden}" on a later line shows it`,
    });
  return new InroError("COPY_SOURCE_MISSING", {
    what: `cannot copy ${JSON.stringify(path)} from ${title}`,
    why: isPattern ? "no file there matches it" : "file not found",
  });
}
