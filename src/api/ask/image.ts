import { type Platform, parsePlatform } from "../../oci/platform.ts";
import {
  type DefaultRegistry,
  parseReference,
  type Reference,
  withDefaultRegistry,
} from "../../oci/reference.ts";
import { asked, invalid, text as member } from "../asked.ts";
import { type Query, text } from "../query.ts";

/** The name that an image is to get by `repo` and `tag`; null for none. */
export function askedName(query: Query, standing?: DefaultRegistry): Reference | null {
  const repository = text(query, "repo");
  if (repository === null) return null;
  const tag = text(query, "tag");
  const full = withDefaultRegistry(tag === null ? repository : `${repository}:${tag}`, standing);
  const name = parseReference(full);
  if (name.digest !== undefined) throw invalid("repo", "an image is named by a tag, not by a digest");
  return name;
}

/** Instructions, one or several of them (a line each) in a parameter. */
export function askedChanges(query: Query): string[] {
  return query.getAll("changes").flatMap((each) => each.split("\n").filter((line) => line.trim() !== ""));
}

/** JSON of a platform (API 1.46 on). */
export function askedPlatform(value: string | null): Platform | undefined {
  if (value === null) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(value);
  } catch {
    return parsePlatform(value);
  }
  const parts = asked(found, "platform.");
  const [os, architecture, variant] = ["os", "architecture", "variant"].map((key) => member(parts, key));
  return parsePlatform([os || "linux", architecture, variant].filter((part) => part !== "").join("/"));
}
