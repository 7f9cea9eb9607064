/** What the host's administrator says about registries: mirrors, rewrites, and who may be spoken to without TLS. */
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { InroError } from "../../oci/error.ts";
import { jsonPointer } from "../../oci/json-pointer.ts";
import { parseReference, type Reference, repositoryOf } from "../../oci/reference.ts";

/** The file that the daemon reads unless it is told another one. */
export const registriesFile = "/etc/inro/registries.json";

function isPlace(text: string): boolean {
  const [domain] = text.split("/");
  try {
    return parseReference(`${text}/x/x`).domain === domain;
  } catch {
    return false;
  }
}

/** `HOST[:PORT][/PATH]`, where a name's own first part has to be a registry. */
export const place = v.pipe(v.string(), v.check(isPlace, "it is not HOST[:PORT][/PATH]"));
// A list is an object without members to valibot.
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
export const object = v.custom<object>(isObject, "it is not an object");

const rule = v.pipe(
  object,
  v.strictObject({ mirrors: v.optional(v.array(place), []), location: v.optional(place) }),
);
const host = v.pipe(
  place,
  v.check((text) => !text.includes("/"), "it is not HOST[:PORT]"),
);
const namespace = v.pipe(
  v.string(),
  v.check((text) => isPlace(`docker.io/${text}`), "it is no part of a repository's name"),
);
const schema = v.pipe(
  object,
  v.strictObject({
    default: v.optional(v.strictObject({ registry: host, namespace: v.optional(namespace) })),
    insecure: v.optional(v.array(host), []),
    rules: v.optional(v.pipe(object, v.record(place, rule)), {}),
  }),
);

export type Registries = v.InferOutput<typeof schema>;

export const noRegistries: Registries = { insecure: [], rules: {} };

function refuse(path: string, why: string, at?: string): never {
  const what = `cannot use ${path}`;
  throw new InroError(
    "REGISTRIES_INVALID",
    at === undefined ? { what, why } : { what, why: `${at}: ${why}`, at },
  );
}

/** A rule for `HOST/PATH` may meet a name that is just this, of which nothing would be left to ask `HOST` for. */
function checkPaths(path: string, { rules }: Registries): void {
  for (const [name, { mirrors, location }] of Object.entries(rules)) {
    const places = [
      ...mirrors.map((each, i) => ({ each, at: ["mirrors", i] })),
      { each: location, at: ["location"] },
    ];
    const bare = places.find(({ each }) => name.includes("/") && each?.includes("/") === false);
    if (bare !== undefined)
      refuse(path, "it needs a path, as the rule's name has one", jsonPointer(["rules", name, ...bare.at]));
  }
}

/** Throws REGISTRIES_INVALID, naming the place by a JSON pointer. The usual file need not be there. */
export function readRegistries(path: string): Registries {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (path === registriesFile && (error as { code?: string }).code === "ENOENT") return noRegistries;
    return refuse(path, (error as Error).message);
  }
  const parsed = v.safeParse(schema, content);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return refuse(path, issue.message, jsonPointer((issue.path ?? []).map(({ key }) => key)));
  }
  checkPaths(path, parsed.output);
  return parsed.output;
}

/** Where a pull asks for a repository, in this order: the rule of the longest name that fits says it. */
export function placesOf(reference: Reference, { rules }: Registries): Reference[] {
  const repository = repositoryOf(reference);
  const fits = (name: string) => repository === name || repository.startsWith(`${name}/`);
  const [name] = Object.keys(rules)
    .filter(fits)
    .sort((a, b) => b.length - a.length);
  const { mirrors, location = name } = (name === undefined ? undefined : rules[name]) ?? { mirrors: [] };
  if (name === undefined || location === undefined) return [reference];
  return [...mirrors, location].map((each) => {
    const [domain = "", ...path] = `${each}${repository.slice(name.length)}`.split("/");
    return { ...reference, domain, path: path.join("/") };
  });
}
