import type { EngineEvent } from "./events.ts";

type Matcher = (event: EngineEvent, wanted: string) => boolean;

/** Docker's filters on events; a key that is not known holds for nothing, so that a typing error shows. */
const MATCHERS: Readonly<Record<string, Matcher>> = {
  type: (event, wanted) => event.type === wanted,
  event: (event, wanted) => event.action === wanted || event.action.startsWith(`${wanted}:`),
  container: (event, wanted) => concerns(event, "container", wanted),
  image: isOfImage,
  volume: (event, wanted) => concerns(event, "volume", wanted),
  network: (event, wanted) => concerns(event, "network", wanted),
  daemon: (event, wanted) => concerns(event, "daemon", wanted),
  scope: (_, wanted) => wanted === "local",
  label: (event, wanted) => matchesLabel(event.attributes, wanted),
};

type Filters = Readonly<Record<string, readonly string[]>>;

/** Every key must hold; one of its values is enough, but labels must all be there. */
export function matchesFilters(filters: Filters, matches: (key: string, wanted: string) => boolean): boolean {
  return Object.entries(filters).every(([key, values]) => {
    if (key.startsWith("label")) return values.every((value) => matches(key, value));
    return values.length === 0 || values.some((value) => matches(key, value));
  });
}

export function matchesEvent(event: EngineEvent, filters: Filters): boolean {
  return matchesFilters(filters, (key, wanted) => MATCHERS[key]?.(event, wanted) ?? false);
}

function concerns(event: EngineEvent, type: EngineEvent["type"], wanted: string): boolean {
  return event.type === type && (event.id.startsWith(wanted) || event.attributes["name"] === wanted);
}

/** `debian` is every tag of it. */
function isOfImage({ type, id, attributes }: EngineEvent, wanted: string): boolean {
  if (type !== "image" && type !== "container") return false;
  const name = attributes[type === "image" ? "name" : "image"] ?? "";
  if (type === "image" && id.startsWith(wanted)) return true;
  return name === wanted || name.replace(/:[^/:]+$/, "") === wanted;
}

/** `name` or `name=value`. */
export function matchesLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  if (equals < 0) return Object.hasOwn(labels, wanted);
  return labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}
