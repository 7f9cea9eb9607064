import { InroError } from "../../oci/error.ts";
import { singles } from "../../oci/port.ts";
import type { Core } from "../core.ts";
import type { ContainerDetails, ListQuery } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { matchesFilters, matchesLabel } from "../event-filter.ts";
import { type ContainerStatus, isLive, type Timestamp } from "../state.ts";
import { details, portsOf } from "./details.ts";

type Matcher = (core: Core, entry: Entry, wanted: string) => boolean;

/** Docker's filters of `ps`. */
const MATCHERS: Readonly<Record<string, Matcher>> = {
  id: (_, entry, wanted) => entry.id.startsWith(wanted),
  name: (_, entry, wanted) => nameMatches(entry.name, wanted),
  label: (_, entry, wanted) => matchesLabel(entry.origin.options.labels, wanted),
  status: (_, entry, wanted) => entry.fortune.state.status === wanted,
  exited: (_, { fortune: { state } }, wanted) =>
    state.status === "exited" && state.exit.code === Number(wanted),
  ancestor: ancestorMatches,
  volume: (_, entry, wanted) =>
    entry.origin.mounts.some((m) => m.name === wanted || m.target === wanted || m.source === wanted),
  network: (core, entry, wanted) =>
    details(core, entry).endpoints.some(
      ({ network, networkId }) => network === wanted || (wanted.length > 0 && networkId.startsWith(wanted)),
    ),
  before: (core, entry, wanted) => entry.origin.created < core.shelf.find(wanted).origin.created,
  since: (core, entry, wanted) => entry.origin.created > core.shelf.find(wanted).origin.created,
  publish: (_, entry, wanted) =>
    [...singles(portsOf(entry.fortune))].some((p) => portMatches(p.hostPort, p.protocol, wanted)),
  expose: (_, entry, wanted) =>
    entry.origin.options.exposedPorts.some((port) => {
      const [number, protocol = "tcp"] = port.split("/");
      return portMatches(Number(number), protocol, wanted);
    }),
  health: (_, { fortune: { health } }, wanted) => wanted === (health?.status ?? "none"),
  "is-task": (_, __, wanted) => wanted === "false" || wanted === "0",
};

/** `removing` is Docker's: nothing here is long in this state. */
const STATUSES: readonly (ContainerStatus | "removing")[] = [
  ...(["created", "restarting", "running", "removing", "paused", "exited", "dead"] as const),
];

/** The newest first. INVALID_FILTER for a key or a status there is not. */
export function list(core: Core, query: ListQuery): ContainerDetails[] {
  checkFilters(query.filters, Object.keys(MATCHERS));
  for (const wanted of query.filters["status"] ?? [])
    if (!STATUSES.some((status) => status === wanted))
      throw new InroError("INVALID_FILTER", {
        what: "cannot filter by status",
        why: `invalid filter 'status=${wanted}'`,
        hint: `there are: ${STATUSES.join(", ")}`,
        at: "--filter",
      });
  const statusAsked = "status" in query.filters || "exited" in query.filters;
  const all = query.all || query.limit > 0 || statusAsked;
  // The shelf has the oldest first.
  const found = [...core.shelf.all()]
    .reverse()
    .filter((entry) => all || isLive(entry.fortune.state) || entry.fortune.state.status === "restarting")
    .filter((entry) =>
      matchesFilters(query.filters, (key, wanted) => MATCHERS[key]?.(core, entry, wanted) ?? false),
    )
    .sort((a, b) => newestFirst(a.origin.created, b.origin.created));
  const shown = query.limit > 0 ? found.slice(0, query.limit) : found;
  return shown.map((entry) => details(core, entry));
}

function newestFirst(a: Timestamp, b: Timestamp): number {
  if (a === b) return 0;
  return a < b ? 1 : -1;
}

/** A typing error in a filter must not look like an empty answer. */
export function checkFilters(filters: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  for (const key of Object.keys(filters))
    if (!known.includes(key))
      throw new InroError("INVALID_FILTER", {
        what: `cannot filter by "${key}"`,
        why: `invalid filter '${key}'`,
        hint: `there are: ${known.join(", ")}`,
        at: "--filter",
      });
}

/** Docker: a regular expression, found anywhere, with or without the leading slash. */
function nameMatches(name: string, wanted: string): boolean {
  try {
    const expression = new RegExp(wanted);
    return expression.test(name) || expression.test(`/${name}`);
  } catch {
    return name.includes(wanted);
  }
}

function ancestorMatches(core: Core, entry: Entry, wanted: string): boolean {
  if (entry.origin.options.image === wanted) return true;
  try {
    return core.images.resolve(wanted).id === entry.origin.imageId;
  } catch {
    return false;
  }
}

/** `80`, `80/tcp`, `8000-8080/tcp`. */
function portMatches(port: number, protocol: string, wanted: string): boolean {
  const [range = "", wantedProtocol = "tcp"] = wanted.split("/");
  const [first = "", last = first] = range.split("-");
  return protocol === wantedProtocol && port >= Number(first) && port <= Number(last);
}
