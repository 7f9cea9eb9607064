import { type Digest, isDigest } from "./digest.ts";
import { InroError } from "./error.ts";

/**
 * An image's name in full: `domain/path[:tag][@digest]`, with docker's defaults filled in for domain and path
 * ("debian" is docker.io/library/debian) but not for the tag.
 */
export interface Reference {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

// distribution/reference, grammar: path-component = alpha-numeric [separator alpha-numeric]*, where a separator is
// one ".", one or two "_", or any number of "-".
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domainName = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const tagName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const maxNameLength = 255;

/** Whether a text may stand where a tag does (distribution spec, "Pulling manifests"). */
export const isTag = (text: string): boolean => tagName.test(text);

function refuse(text: string, why: string, hint?: string): never {
  const what = `cannot use ${JSON.stringify(text.slice(0, 300))} as an image name`;
  throw new InroError("REFERENCE_INVALID", hint === undefined ? { what, why } : { what, why, hint });
}

// A first component is a registry's name only with a dot, a port, "localhost", or a capital letter.
function isDomain(first: string): boolean {
  return /[.:[]/.test(first) || first === "localhost" || first !== first.toLowerCase();
}

function splitName(text: string, name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  if (slash < 0 || !isDomain(first)) {
    return { domain: "docker.io", path: slash < 0 ? `library/${name}` : name };
  }
  if (!domainName.test(first)) refuse(text, `${JSON.stringify(first)} is no registry's host name`);
  const path = name.slice(slash + 1);
  if (first !== "docker.io" && first !== "index.docker.io") return { domain: first, path };
  return { domain: "docker.io", path: path.includes("/") ? path : `library/${path}` };
}

/** Reads a name as docker does. Throws REFERENCE_INVALID with the part that is wrong. */
export function parseReference(text: string): Reference {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) refuse(text, "what follows @ is no digest");
  const rest = at < 0 ? text : text.slice(0, at);
  const colon = rest.lastIndexOf(":");
  const tagged = colon > rest.lastIndexOf("/");
  const name = tagged ? rest.slice(0, colon) : rest;
  const tag = tagged ? rest.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) refuse(text, `${JSON.stringify(tag)} is no tag`);
  if (name === "") refuse(text, "the name is empty");
  if (/^[0-9a-f]{64}$/.test(name)) refuse(text, "64 hexadecimal digits are an image's id, not a name");
  const { domain, path } = splitName(text, name);
  checkPath(text, path);
  if (domain.length + 1 + path.length > maxNameLength)
    refuse(text, `it is longer than ${maxNameLength} characters`);
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

function checkPath(text: string, path: string): void {
  for (const part of path.split("/")) {
    if (component.test(part)) continue;
    if (part !== part.toLowerCase()) refuse(text, `repository name (${path}) must be lowercase`);
    refuse(
      text,
      part === ""
        ? "a part of the name is empty"
        : `${JSON.stringify(part)} is no part of a repository's name`,
    );
  }
}

/** What stands before a name that names no registry. */
export interface DefaultRegistry {
  readonly registry: string;
  /** Before a name of one part, as `library` is at docker.io. */
  readonly namespace?: string | undefined;
}

/** The name with the default registry before it, if it names none; without a default it is docker.io's. */
export function withDefaultRegistry(text: string, standing: DefaultRegistry | undefined): string {
  const slash = text.split("@")[0]?.indexOf("/") ?? -1;
  const isBare = slash < 0 || !isDomain(text.slice(0, slash));
  if (standing === undefined || !isBare || text === "" || /^(sha256:)?[0-9a-f]{64}$/.test(text)) return text;
  const { registry, namespace } = standing;
  return [registry, ...(slash < 0 && namespace !== undefined ? [namespace] : []), text].join("/");
}

/** The same reference with `latest` where it has neither tag nor digest. */
export function withDefaultTag(r: Reference): Reference {
  return r.tag === undefined && r.digest === undefined ? { ...r, tag: "latest" } : r;
}

/** `docker.io/library/debian`: what a registry calls the repository, its host before it. */
export function repositoryOf(r: Reference): string {
  return `${r.domain}/${r.path}`;
}

/** The whole name, every default written out. */
export function formatReference(r: Reference): string {
  return `${repositoryOf(r)}${r.tag === undefined ? "" : `:${r.tag}`}${r.digest === undefined ? "" : `@${r.digest}`}`;
}

/** The name as docker shows it: without docker.io, and without library/ there. */
export function familiarName(r: Reference): string {
  const full = formatReference(r);
  if (r.domain !== "docker.io") return full;
  const short = full.slice("docker.io/".length);
  const official = /^library\/([^/]+)$/.exec(short);
  return official?.[1] ?? short;
}

/** The same of a name in full, as the store keeps it. */
export const familiar = (name: string): string => familiarName(parseReference(name));
