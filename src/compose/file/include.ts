import { dirname, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { refuseRemote } from "./documents.ts";
import { composeError, placeText } from "./error.ts";
import { toJson } from "./json.ts";
import { type Entry, type Mapping, member, type Node, type Place, textOf } from "./node.ts";
import { absoluteIn } from "./paths.ts";

/** An application that another one brings in (14-include.md). */
export interface Included {
  /** Absolute; merged in this order. */
  readonly files: readonly string[];
  /** Absolute. */
  readonly workingDir: string;
  /** Undefined: the `.env` of `workingDir`, if there is one. */
  readonly envFiles: readonly string[] | undefined;
  readonly place: Place;
}

/** What a document includes, short form or long, once the schema has taken it. */
export function includesOf(list: Node, folder: string): Included[] {
  if (list.kind !== "sequence") return [];
  return list.items.flatMap((item) => {
    const paths = texts(item.kind === "scalar" ? item : member(item, "path"));
    if (paths.length === 0) return [];
    for (const path of paths)
      refuseRemote(path, (why, hint) => composeError(item.place, `cannot include "${path}"`, why, hint));
    const absolute = absoluteIn(folder);
    const files = paths.map(absolute);
    const given = textOf(member(item, "project_directory"));
    const envFiles = member(item, "env_file");
    return {
      files,
      workingDir: given === undefined ? dirname(files[0] ?? folder) : resolve(folder, given),
      envFiles: envFiles === undefined ? undefined : texts(envFiles).map(absolute),
      place: item.place,
    };
  });
}

function texts(node: Node | undefined): string[] {
  const items = node?.kind === "sequence" ? node.items : node === undefined ? [] : [node];
  return items.flatMap((item) => textOf(item) ?? []);
}

const SHARED = ["services", "networks", "volumes", "secrets", "configs", "models"] as const;

/** The application with what another brings: the same name twice is refused unless both say the same. */
export function imported(root: Mapping, other: Mapping): Mapping {
  const entries = new Map(root.entries);
  for (const kind of SHARED) {
    const brought = other.entries.get(kind);
    if (brought?.value.kind !== "mapping") continue;
    const own = entries.get(kind);
    const members = new Map<string, Entry>(own?.value.kind === "mapping" ? own.value.entries : []);
    for (const [name, entry] of brought.value.entries) {
      const before = members.get(name);
      if (before === undefined) members.set(name, entry);
      else if (!isDeepStrictEqual(toJson(before.value), toJson(entry.value)))
        throw composeError(
          before.place,
          `cannot include the ${kind.slice(0, -1)} "${name}"`,
          `${placeText(entry.place)} says otherwise what it is`,
          "what is included is not merged: name one of them otherwise",
        );
    }
    const value: Mapping = { kind: "mapping", place: (own ?? brought).value.place, entries: members };
    entries.set(kind, { place: (own ?? brought).place, value });
  }
  return { ...root, entries };
}
