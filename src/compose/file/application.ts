import { cast } from "./cast.ts";
import { nameOf, readDocuments } from "./documents.ts";
import { dotEnv, type Environment, withFiles } from "./environment.ts";
import { composeError, placeText } from "./error.ts";
import { extended, missingTold, type Scope } from "./extends.ts";
import { type Included, imported, includesOf } from "./include.ts";
import { mergeDocuments } from "./merge/merge.ts";
import type { Mapping, Node, Place } from "./node.ts";
import { anchored } from "./paths.ts";
import { validate } from "./schema/validate.ts";
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
}

export interface Model {
  readonly root: Mapping;
  readonly warnings: readonly string[];
}

/** One that includes, for the chain in messages. */
interface Includer {
  readonly path: string;
  readonly place: Place;
}

/** What files say together: variables replaced, `extends` and `include` followed, merged, and fit for the schema. */
export function modelOf(
  files: readonly ReadFile[],
  context: Context,
  chain: readonly Includer[] = [],
): Model {
  const known = new Map<string, Scope>();
  const interpolate = (node: Node, path: string) => context.interpolation?.node(node, path) ?? node;
  let merged: Mapping | undefined;
  let own: Mapping | undefined;
  for (const { path, documents } of files)
    for (const document of documents) {
      const root = context.interpolation?.node(document) ?? document;
      const scope: Scope = { file: path, root, folder: context.workingDir, foreign: false };
      merged = mergeDocuments(merged, extended(scope, { workingDir: context.from, interpolate, known }));
      own = context.interpolation === undefined ? merged : cast(merged);
      validate(own);
    }
  if (own === undefined) throw composeError(undefined, "cannot load the project", "no file was named");
  const warnings = obsolete(own);
  let model = withoutInclude(own);
  for (const included of includesOf(own, context.workingDir)) {
    const other = includedModel(included, context, [
      ...chain,
      ...files.map(({ path }) => ({ path, place: included.place })),
    ]);
    model = imported(model, anchored(other.root, included.workingDir));
    warnings.push(...other.warnings);
  }
  return { root: model, warnings };
}

function includedModel(included: Included, context: Context, chain: readonly Includer[]): Model {
  const repeated = chain.findIndex(({ path }) => included.files.includes(path));
  if (repeated >= 0) throw circle(chain.slice(repeated), context.from);
  const documents = included.files.map((path) => ({
    path,
    documents: missingTold(() => readDocuments(path, context.from), path, included.place),
  }));
  const envFiles = included.envFiles ?? dotEnv(included.workingDir);
  const unset = (name: string, place: Place) => context.interpolation?.unset(name, place);
  const env = missingTold(
    () => withFiles(context.env, envFiles, context.from, unset),
    envFiles.join(", "),
    included.place,
  );
  const interpolation = context.interpolation?.over((name) => env[name]);
  return modelOf(documents, { ...context, workingDir: included.workingDir, env, interpolation }, chain);
}

function circle(chain: readonly Includer[], from: string): Error {
  const [first] = chain;
  const name = nameOf(first?.path ?? "", from);
  const steps = chain.map(({ path, place }) => `${nameOf(path, from)} (${placeText(place)})`);
  return composeError(
    chain.at(-1)?.place,
    `cannot include ${name}`,
    `it would include itself: ${[...steps, name].join(" → ")}`,
  );
}

function withoutInclude(root: Mapping): Mapping {
  if (!root.entries.has("include")) return root;
  const entries = new Map(root.entries);
  entries.delete("include");
  return { ...root, entries };
}

function obsolete(root: Mapping): string[] {
  const version = root.entries.get("version");
  return version === undefined
    ? []
    : [`${placeText(version.place)}: \`version\` means nothing any more: leave it out`];
}
