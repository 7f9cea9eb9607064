import { empty, json, jsonText } from "../answer.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { filters, flag, integer, text } from "../query.ts";
import {
  containerInspect,
  containerSummary,
  containerSummaryText,
  type SummaryContext,
} from "../tell/container.ts";

/** What can be asked about containers without touching them. */
export const lookRoutes: readonly Route[] = [
  { method: "GET", pattern: "/containers/json", handle: list },
  { method: "GET", pattern: "/containers/{id}/json", handle: inspect },
  { method: "GET", pattern: "/containers/{id}/top", handle: top },
  { method: "GET", pattern: "/containers/{id}/changes", handle: changes },
];

async function list(x: Exchange): Promise<void> {
  const limit = Math.max(integer(x.query, "limit") ?? 0, 0);
  const found = x.engine.containers.list({
    all: flag(x.query, "all") || limit > 0,
    limit,
    filters: filters(x.query),
  });
  const sized = flag(x.query, "size");
  const context: SummaryContext = { now: Date.now(), isCurrentName: imageNames(x) };
  const lines: string[] = [];
  for (const container of found) {
    if (!sized) lines.push(containerSummaryText(container, context));
    else {
      // One that goes meanwhile, or that another storage driver made, has a line without a size.
      const size = await x.engine.containers.size(container.id).catch(() => null);
      lines.push(JSON.stringify(containerSummary(container, context, size)));
    }
  }
  jsonText(x, 200, `[${lines.join(",")}]`);
}

/** Many containers share few images: each name is looked up once a listing. */
function imageNames(x: Exchange): SummaryContext["isCurrentName"] {
  const known = new Map<string, string | null>();
  return (image, imageId) => {
    let id = known.get(image);
    if (id === undefined) {
      id = resolved(x, image);
      known.set(image, id);
    }
    return id === imageId;
  };
}

function resolved(x: Exchange, image: string): string | null {
  try {
    return x.engine.images.resolve(image).id;
  } catch {
    return null;
  }
}

async function inspect(x: Exchange): Promise<void> {
  const container = x.engine.containers.get(parameter(x, "id"));
  const size = flag(x.query, "size") ? await x.engine.containers.size(container.id) : null;
  json(x, 200, containerInspect(container, size));
}

async function top(x: Exchange): Promise<void> {
  const table = await x.engine.containers.top(parameter(x, "id"), text(x.query, "ps_args") ?? "-ef");
  json(x, 200, { Titles: table.titles, Processes: table.processes });
}

const kinds = { modified: 0, added: 1, deleted: 2 } as const;

async function changes(x: Exchange): Promise<void> {
  const found = await x.engine.containers.changes(parameter(x, "id"));
  if (x.signal.aborted) return empty(x, 200);
  json(
    x,
    200,
    found.map((change) => ({ Path: change.path, Kind: kinds[change.kind] })),
  );
}
