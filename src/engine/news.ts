import { now } from "./clock.ts";
import { matchesEvent } from "./event-filter.ts";
import type { EngineEvent, EventQuery, Events } from "./events.ts";
import type { Records } from "./records.ts";

/** Tells what happens, and keeps it for those who ask later. */
export interface News extends Events {
  /** `passing`: only those who listen now are told. */
  tell(event: Omit<EngineEvent, "time">, passing?: boolean): void;
  /** That what nobody needed was removed, and the bytes it took. */
  tellPruned(type: EngineEvent["type"], reclaimed: number): void;
}

/** A reader that does not read is cut off here rather than fed from memory without end (R17). */
const BACKLOG = 10_000;

export function openNews(records: Records): News {
  const readers = new Set<(event: EngineEvent) => void>();
  const tell: News["tell"] = (event, passing = false) => {
    const told = { ...event, time: now() };
    if (!passing) records.addEvent(told);
    for (const reader of readers) reader(told);
  };
  return {
    tell,
    tellPruned: (type, reclaimed) =>
      tell({ type, action: "prune", id: "", attributes: { reclaimed: String(reclaimed) } }),
    stream: (query, signal) => stream(query, signal, records, readers),
  };
}

/** Listens from this moment on, not from the first read on. */
function stream(
  query: EventQuery,
  signal: AbortSignal,
  records: Records,
  readers: Set<(event: EngineEvent) => void>,
): AsyncIterable<EngineEvent> {
  const waiting: EngineEvent[] = query.since === null ? [] : records.eventsSince(query.since);
  const bell = { ring: () => {} };
  const reader = (event: EngineEvent) => {
    if (waiting.length < BACKLOG) waiting.push(event);
    bell.ring();
  };
  readers.add(reader);
  const timer =
    query.until === null ? undefined : setTimeout(() => bell.ring(), millisecondsUntil(query.until));
  const leave = () => {
    readers.delete(reader);
    clearTimeout(timer);
    bell.ring();
  };
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  return told(query, signal, waiting, bell, leave);
}

async function* told(
  query: EventQuery,
  signal: AbortSignal,
  waiting: EngineEvent[],
  bell: { ring: () => void },
  leave: () => void,
): AsyncGenerator<EngineEvent> {
  try {
    for (;;) {
      for (let event = waiting.shift(); event !== undefined && !signal.aborted; event = waiting.shift())
        if (query.until !== null && event.time > query.until) return;
        else if (matchesEvent(event, query.filters)) yield event;
      if (signal.aborted || (query.until !== null && now() >= query.until)) return;
      await new Promise<void>((resolve) => {
        bell.ring = resolve;
        if (waiting.length > 0 || signal.aborted) resolve();
      });
    }
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}

/** setTimeout holds 31 bits; a later end is looked at again then. */
function millisecondsUntil(time: bigint): number {
  const left = Number((time - now()) / 1_000_000n) + 1;
  return Math.min(Math.max(left, 0), 0x7fff_ffff);
}
