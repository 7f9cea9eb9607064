import { json } from "../answer.ts";
import { askedChanges, askedName } from "../ask/image.ts";
import { invalid } from "../asked.ts";
import type { Exchange, Route } from "../exchange.ts";
import { flag, text } from "../query.ts";

export const commitRoutes: readonly Route[] = [{ method: "POST", pattern: "/commit", handle: commit }];

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
