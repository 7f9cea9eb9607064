import { homedir } from "node:os";
import { resolve } from "node:path";
import { type Entry, type Mapping, member, type Node, textOf } from "./node.ts";
import { type Branch, below, branches } from "./path.ts";
import { isHostPath } from "./short/volume.ts";

type Absolute = (path: string) => string;
/** How a value that holds a path is written with another one. */
type Held = (node: Node, absolute: Absolute) => Node;

/** Against `folder`; `~` is the home of whoever calls. */
export const absoluteIn =
  (folder: string): Absolute =>
  (path) =>
    path === "~" || path.startsWith("~/") ? resolve(homedir(), path.slice(2)) : resolve(folder, path);

/** A folder: not a URL, a git repository, or what is named otherwise (`service:…`, `docker-image://…`). */
export const isLocalContext = (text: string): boolean =>
  !/^([a-z][a-z0-9+.-]*:|git@|github\.com\/)/i.test(text);

const text =
  (write: (text: string, absolute: Absolute) => string): Held =>
  (node, absolute) =>
    node.kind === "scalar" && typeof node.value === "string"
      ? { ...node, value: write(node.value, absolute) }
      : node;

const path = text((value, absolute) => (value === "" ? value : absolute(value)));
const localContext = (value: string, absolute: Absolute): string =>
  isLocalContext(value) ? absolute(value) : value;
const context = text(localContext);

/** In the list of pairs that the mapping may be. */
const contexts: Held = (node, absolute) => {
  if (node.kind !== "sequence") return node;
  const pair = text((value) => {
    const equals = value.indexOf("=") + 1;
    return equals === 0 ? value : value.slice(0, equals) + localContext(value.slice(equals), absolute);
  });
  return { ...node, items: node.items.map((item) => pair(item, absolute)) };
};

const shortMount = text((value, absolute) => {
  const [source = "", ...rest] = value.split(":");
  return rest.length > 0 && isHostPath(source) ? [absolute(source), ...rest].join(":") : value;
});

const within = (node: Node, key: string, held: Held, absolute: Absolute): Node => {
  const entry = node.kind === "mapping" ? node.entries.get(key) : undefined;
  if (node.kind !== "mapping" || entry === undefined) return node;
  return {
    ...node,
    entries: new Map(node.entries).set(key, { ...entry, value: held(entry.value, absolute) }),
  };
};

const mount: Held = (node, absolute) =>
  textOf(member(node, "type")) === "bind"
    ? within(node, "source", path, absolute)
    : shortMount(node, absolute);

/** A volume that the driver `local` binds from a folder (07-volumes.md, "driver_opts"). */
const bound: Held = (node, absolute) =>
  (textOf(member(node, "o")) ?? "").split(",").includes("bind")
    ? within(node, "device", path, absolute)
    : node;

const TABLE = branches<Held>({
  "configs.*.file": path,
  "secrets.*.file": path,
  "services.*.build": context,
  "services.*.build.additional_contexts": contexts,
  "services.*.build.additional_contexts.*": context,
  "services.*.build.context": context,
  "services.*.credential_spec.file": path,
  "services.*.develop.watch.*.path": path,
  "services.*.env_file": path,
  "services.*.env_file.*": path,
  "services.*.env_file.*.path": path,
  "services.*.extends.file": path,
  "services.*.label_file": path,
  "services.*.label_file.*": path,
  "services.*.volumes.*": mount,
  "volumes.*.driver_opts": bound,
});

/** The same with the paths that stand against `folder` absolute. */
export const anchored = (root: Mapping, folder: string): Mapping =>
  walk(root, TABLE, absoluteIn(folder)) as Mapping;

/** A service of a file in `folder`. */
export const anchoredService = (service: Mapping, folder: string): Mapping =>
  walk(service, below(below(TABLE, "services"), "*"), absoluteIn(folder)) as Mapping;

function walk(node: Node, branch: Branch<Held> | undefined, absolute: Absolute): Node {
  if (branch === undefined) return node;
  const held = branch.value === undefined ? node : branch.value(node, absolute);
  // Pairs hold theirs within the text, which has been looked at.
  if (held.kind === "scalar" || held !== node) return held;
  if (held.kind === "sequence")
    return { ...held, items: held.items.map((item) => walk(item, branch.children.get("*"), absolute)) };
  const entries = new Map<string, Entry>();
  for (const [key, entry] of held.entries)
    entries.set(key, { ...entry, value: walk(entry.value, below(branch, key), absolute) });
  return { ...held, entries };
}
