import {
  type DefaultRegistry,
  parseReference,
  type Reference,
  withDefaultRegistry,
} from "../../oci/reference.ts";
import { json } from "../answer.ts";
import { invalid } from "../asked.ts";
import type { Exchange, Route } from "../exchange.ts";
import { flag, type Query, text } from "../query.ts";

export const commitRoutes: readonly Route[] = [{ method: "POST", pattern: "/commit", handle: commit }];

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

async function commit(x: Exchange): Promise<void> {
  const container = text(x.query, "container");
  if (container === null) throw invalid("container", "no container is named");
  const image = await x.engine.containers.commit(container, {
    name: askedName(x.query, x.engine.images.registries().default),
    author: text(x.query, "author") ?? "",
    comment: text(x.query, "comment") ?? "",
    changes: askedChanges(x.query),
    pause: flag(x.query, "pause", true),
  });
  json(x, 201, { Id: image.id });
}
