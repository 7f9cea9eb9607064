import { bounded, MOST_INCLUDED } from "./bound.ts";
import { cast } from "./cast.ts";
import { identity, nameOf, readDocuments } from "./documents.ts";
import { dotEnv, type Environment, withFiles } from "./environment.ts";
import { composeError, placeText } from "./error.ts";
import { extended, missingTold, type Scope, scopeOf } from "./extends.ts";
import { type Included, imported, includesOf } from "./include.ts";
import { mergeDocuments, settled } from "./merge/merge.ts";
import type { Mapping, Node, Place } from "./node.ts";
import { anchored } from "./paths.ts";
import { validate } from "./schema/validate.ts";
import type { Unset } from "./variables/dotenv.ts";
import type { Interpolation } from "./variables/interpolate.ts";

export interface ReadFile {
  /** Absolute, or `-`. */
  readonly path: string;
  readonly documents: readonly Mapping[];
}

export interface Context {
  /** What relative paths stand against. */
  readonly workingDir: string;
  /** Where whoever calls is: files are named from there. */
  readonly from: string;
  readonly env: Environment;
  /** Undefined: variables stay as they are written. */
  readonly interpolation: Interpolation | undefined;
  /** Counts files over all that is included. */
  readonly counter: { included: number };
}

/** One that includes, for the chain in messages. */
interface Includer {
  readonly file: string;
  readonly place: Place;
}

/**
 * What files say together: variables replaced, `extends` and `include` followed, merged, and fit for the schema. What a
 * file includes may be overridden by a later file, and not by itself or an earlier one.
 */
export function modelOf(
  files: readonly ReadFile[],
  context: Context,
  chain: readonly Includer[] = [],
): Mapping {
  const { interpolation, workingDir, from } = context;
  const replaced = (node: Node, path?: string) => interpolation?.node(node, path) ?? node;
  const known = new Map<string, Scope>();
  let merged: Mapping | undefined;
  for (const { path, documents } of files)
    for (const document of documents) {
      const root = interpolation?.node(document) ?? document;
      const scope = scopeOf({ file: identity(path), root, folder: workingDir, foreign: false });
      const { include, rest } = withoutInclude(bounded(extended(scope, { from, replaced, known })));
      merged = fitting(mergeDocuments(merged, rest), context);
      if (include === undefined) continue;
      const includers = files.map((file) => ({ file: identity(file.path), place: include.place }));
      for (const included of includesOf(include, workingDir)) {
        const other = includedModel(included, context, [...chain, ...includers]);
        merged = imported(merged, anchored(other, included.workingDir));
      }
    }
  if (merged === undefined) throw composeError(undefined, "cannot load the project", "no file was named");
  return merged;
}

/** Without its variables' values a text may be anything. */
function fitting(root: Mapping, { interpolation }: Context): Mapping {
  const whole = interpolation === undefined ? root : cast(root);
  validate(whole);
  return whole;
}

function includedModel(included: Included, context: Context, chain: readonly Includer[]): Mapping {
  const { from } = context;
  const { place, workingDir } = included;
  const files = included.files.map(identity);
  const repeated = chain.findIndex(({ file }) => files.includes(file));
  if (repeated >= 0) throw circle(chain.slice(repeated), from);
  context.counter.included += files.length;
  if (context.counter.included > MOST_INCLUDED)
    throw composeError(place, "cannot include it", `more than ${MOST_INCLUDED} files are included already`);
  const documents = included.files.map((path) => ({
    path,
    documents: missingTold(() => readDocuments(path, from), nameOf(path, from), place),
  }));
  const unset: Unset = (name, at) => context.interpolation?.unset(name, at);
  const env = missingTold(
    () => withFiles(context.env, included.envFiles ?? dotEnv(workingDir), from, unset),
    included.envFiles?.map((path) => nameOf(path, from)).join(", ") ?? "",
    place,
  );
  const interpolation = context.interpolation?.over((name) => env[name]);
  return modelOf(documents, { ...context, workingDir, env, interpolation }, chain);
}

function circle(chain: readonly Includer[], from: string): Error {
  const [first] = chain;
  const name = nameOf(first?.file ?? "", from);
  const steps = chain.map(({ file, place }) => `${nameOf(file, from)} (${placeText(place)})`);
  return composeError(
    chain.at(-1)?.place,
    `cannot include ${name}`,
    `it would include itself: ${[...steps, name].join(" → ")}`,
  );
}

function withoutInclude(root: Mapping): { readonly include: Node | undefined; readonly rest: Mapping } {
  const entry = root.entries.get("include");
  if (entry === undefined) return { include: undefined, rest: root };
  const alone: Mapping = { ...root, entries: new Map([["include", entry]]) };
  validate(alone);
  const entries = new Map(root.entries);
  entries.delete("include");
  return { include: settled(alone).entries.get("include")?.value, rest: { ...root, entries } };
}
