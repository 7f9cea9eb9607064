import { InroError } from "../oci/error.ts";
import type { Entry } from "./entry.ts";

/** The engine's containers, found by id, unique prefix of an id, or name. */
export interface Shelf {
  all(): IterableIterator<Entry>;
  /** NO_SUCH_CONTAINER, AMBIGUOUS_ID. */
  find(container: string): Entry;
  byName(name: string): Entry | undefined;
  has(entry: Entry): boolean;
  put(entry: Entry): void;
  rename(entry: Entry, name: string): void;
  remove(entry: Entry): void;
}

export function newShelf(): Shelf {
  const byId = new Map<string, Entry>();
  const byName = new Map<string, Entry>();
  return {
    all: () => byId.values(),
    find: (container) => find(byId, byName, container),
    byName: (name) => byName.get(name),
    has: (entry) => byId.get(entry.id) === entry,
    put: (entry) => {
      byId.set(entry.id, entry);
      byName.set(entry.name, entry);
    },
    rename: (entry, name) => {
      byName.delete(entry.name);
      entry.name = name;
      byName.set(name, entry);
    },
    remove: (entry) => {
      byId.delete(entry.id);
      if (byName.get(entry.name) === entry) byName.delete(entry.name);
    },
  };
}

/** A full id wins over a name, a name over a prefix, as in Docker. */
function find(
  byId: ReadonlyMap<string, Entry>,
  byName: ReadonlyMap<string, Entry>,
  container: string,
): Entry {
  const known = byId.get(container) ?? byName.get(container.replace(/^\//, ""));
  if (known !== undefined) return known;
  const matches = /^[0-9a-f]+$/.test(container)
    ? [...byId.values()].filter((entry) => entry.id.startsWith(container))
    : [];
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (only !== undefined)
    throw new InroError("AMBIGUOUS_ID", {
      what: `cannot tell which container "${container}" is`,
      why: `${matches.length} ids begin with it`,
      hint: "write more of the id",
    });
  throw new InroError("NO_SUCH_CONTAINER", {
    what: `cannot find the container "${container}"`,
    why: `No such container: ${container}`,
    hint: "list them with: inro ps -a",
  });
}

/** Docker's command line takes NO_SUCH_* at `create` for a missing image, pulls that and asks again. INVALID_OPTION */
export function named<T>(at: string, find: () => T): T {
  try {
    return find();
  } catch (cause) {
    if (!(cause instanceof InroError)) throw cause;
    const { what, why } = cause;
    throw new InroError("INVALID_OPTION", { what, why, at, cause });
  }
}
