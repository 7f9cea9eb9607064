import { dirname } from "node:path";
import { InroError } from "../../oci/error.ts";
import { nearest } from "../../oci/nearest.ts";
import { LONGEST_CHAIN } from "./bound.ts";
import { identity, nameOf, readDocuments, refuseRemote } from "./documents.ts";
import { ComposeError, composeError, placeText } from "./error.ts";
import { mergeDocuments, mergeServices, settled } from "./merge/merge.ts";
import { type Entry, type Mapping, member, type Node, type Place, textOf } from "./node.ts";
import { absoluteIn, anchoredService } from "./paths.ts";

/** A document in which services extend each other. */
export interface Scope {
  /** Which file it is, by its real path; `-` for standard input. */
  readonly file: string;
  readonly root: Mapping;
  /** What relative paths in it stand against. */
  readonly folder: string;
  /** Whether they have to be absolute for whoever extends: it stands in another folder. */
  readonly foreign: boolean;
  /** Services as those that extend them have them, once somebody has asked. */
  readonly bases: Map<string, Mapping>;
}

export const scopeOf = (scope: Omit<Scope, "bases">): Scope => ({ ...scope, bases: new Map() });

export interface Surroundings {
  /** Where whoever calls is: files are named from there. */
  readonly from: string;
  /** With its variables replaced: a service that was taken out of another file. */
  replaced(service: Node, path: string): Node;
  /** Documents of other files that were read, by path. */
  readonly known: Map<string, Scope>;
}

/** One that extends, for the chain in messages. */
interface Link {
  readonly scope: Scope;
  readonly name: string;
  readonly place: Place;
}

/**
 * The document with each service's `extends` replaced by what it extends (05-services.md, "extends"). What stands in
 * another file has absolute paths.
 */
export function extended(scope: Scope, around: Surroundings): Mapping {
  const services = scope.root.entries.get("services");
  if (services?.value.kind !== "mapping") return scope.root;
  const entries = new Map<string, Entry>();
  let changed = false;
  for (const [name, entry] of services.value.entries) {
    const value = service(entry.value, { scope, name, place: entry.place }, [], around);
    changed ||= value !== entry.value;
    entries.set(name, { ...entry, value });
  }
  if (!changed) return scope.root;
  const value: Mapping = { ...services.value, entries };
  return { ...scope.root, entries: new Map(scope.root.entries).set("services", { ...services, value }) };
}

function service(node: Node, link: Link, chain: readonly Link[], around: Surroundings): Node {
  const entry = node.kind === "mapping" ? node.entries.get("extends") : undefined;
  if (node.kind !== "mapping" || entry === undefined || entry.value.tag === "reset") return node;
  const said = reference(entry);
  if (said === undefined) return node;
  const { place } = entry.value;
  const links = [...chain, { ...link, place }];
  const scope = said.file === undefined ? link.scope : otherFile(said.file, link.scope, place, around);
  const round = links.findIndex((one) => one.scope.file === scope.file && one.name === said.service);
  if (round >= 0) throw circle(links.slice(round));
  if (links.length > LONGEST_CHAIN)
    throw composeError(
      place,
      `cannot extend "${said.service}"`,
      `${LONGEST_CHAIN} services extend each other before it`,
    );
  const own = withoutExtends(node);
  const base = baseOf(scope, said, links, around);
  return base === undefined ? own : mergeServices(base, own, link.name);
}

/** Undefined: it is no mapping, which the schema tells. */
function baseOf(
  scope: Scope,
  said: Reference,
  links: readonly Link[],
  around: Surroundings,
): Mapping | undefined {
  const known = scope.bases.get(said.service);
  if (known !== undefined) return known;
  const { node, place } = found(scope, said, links.at(-1)?.place, around);
  const whole = service(node, { scope, name: said.service, place }, links, around);
  if (whole.kind !== "mapping") return undefined;
  const base = settled(scope.foreign ? anchoredService(whole, scope.folder) : whole);
  scope.bases.set(said.service, base);
  return base;
}

interface Reference {
  readonly service: string;
  readonly file: string | undefined;
}

/** Undefined: it is not written as one, which the schema tells. */
function reference({ value }: Entry): Reference | undefined {
  const short = textOf(value);
  if (short !== undefined) return { service: short, file: undefined };
  const name = textOf(member(value, "service"));
  return name === undefined ? undefined : { service: name, file: textOf(member(value, "file")) };
}

function withoutExtends(node: Mapping): Mapping {
  const entries = new Map(node.entries);
  entries.delete("extends");
  return { ...node, entries };
}

/** Its services have their variables yet: only the one that is taken is looked at. */
function otherFile(file: string, from: Scope, place: Place, around: Surroundings): Scope {
  refuseRemote(file, (why, hint) => composeError(place, `cannot extend from "${file}"`, why, hint));
  const path = absoluteIn(from.folder)(file);
  const known = around.known.get(path);
  if (known !== undefined) return known;
  const documents = missingTold(() => readDocuments(path, around.from), file, place);
  const root = documents.reduce<Mapping | undefined>(mergeDocuments, undefined);
  if (root === undefined) throw composeError(place, `cannot extend from "${file}"`, "it is empty");
  const scope = scopeOf({ file: identity(path), root, folder: dirname(path), foreign: true });
  around.known.set(path, scope);
  return scope;
}

/** A file that cannot be read, told where it is asked for. */
export function missingTold<Value>(read: () => Value, file: string, place: Place): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InroError) || error instanceof ComposeError) throw error;
    throw composeError(place, `cannot read "${file}"`, error.why, error.hint);
  }
}

function found(
  scope: Scope,
  { service: name, file }: Reference,
  place: Place | undefined,
  around: Surroundings,
) {
  const services = member(scope.root, "services");
  const entry = services?.kind === "mapping" ? services.entries.get(name) : undefined;
  if (entry === undefined) {
    const where = file === undefined ? "this file" : nameOf(scope.file, around.from);
    const names = services?.kind === "mapping" ? [...services.entries.keys()] : [];
    const meant = nearest(name, names);
    throw composeError(
      place,
      `cannot extend "${name}"`,
      `${where} has no such service`,
      meant === undefined ? undefined : `did you mean "${meant}"?`,
    );
  }
  const node = scope.foreign ? around.replaced(entry.value, `services.${name}`) : entry.value;
  return { node, place: entry.place };
}

function circle(links: readonly Link[]): Error {
  const steps = links.map(({ name, place }) => `"${name}" (${placeText(place)})`);
  const [first] = links;
  return composeError(
    first?.place,
    `cannot extend "${first?.name}"`,
    `it would extend itself: ${[...steps, `"${first?.name}"`].join(" → ")}`,
  );
}
