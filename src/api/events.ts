import type { EngineEvent } from "../engine/events.ts";
import { begin, exact, send } from "./answer.ts";
import type { Exchange, Route } from "./exchange.ts";
import { filters, time } from "./query.ts";

export const eventRoutes: readonly Route[] = [{ method: "GET", pattern: "/events", handle: events }];

/** Docker's message; `status`, `id` and `from` are what clients before v1.22 read. */
export function eventMessage(event: EngineEvent) {
  const old = event.type === "container" || event.type === "image";
  return {
    ...(old ? { status: event.action, id: event.id } : {}),
    ...(event.type === "container" ? { from: event.attributes["image"] ?? "" } : {}),
    Type: event.type,
    Action: event.action,
    Actor: { ID: event.id, Attributes: event.attributes },
    scope: "local",
    time: Number(event.time / 1_000_000_000n),
    timeNano: exact(event.time),
  };
}

async function events(x: Exchange): Promise<void> {
  const query = { since: time(x.query, "since"), until: time(x.query, "until"), filters: filters(x.query) };
  const stream = x.engine.events.stream(query, x.signal);
  begin(x, "application/json");
  for await (const event of stream) await send(x, `${JSON.stringify(eventMessage(event))}\n`);
  x.response.end();
}
