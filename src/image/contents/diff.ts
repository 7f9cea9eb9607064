/** What one tree of files has that another has not, and what differs of what both have. */
import { toText } from "../tree/entry.ts";
import type { Node } from "./tree.ts";

export type Difference = "content" | "type" | "mode" | "owner" | "xattr" | "target";

export interface Change {
  readonly kind: "added" | "changed" | "removed";
  /** From the root, with a slash before it. */
  readonly path: string;
  /** Of what it is now, or was. */
  readonly type: Node["type"];
  /** Of what is changed: in which respects. */
  readonly differs: readonly Difference[];
  /** Bytes of data before and after; of a file alone. */
  readonly before: number;
  readonly after: number;
  readonly mode: readonly [before: number, after: number];
  readonly owner: readonly [before: string, after: string];
}

export interface Totals {
  readonly added: { readonly files: number; readonly bytes: number };
  readonly changed: { readonly files: number; readonly bytes: number };
  readonly removed: { readonly files: number; readonly bytes: number };
}

const ownerOf = ({ uid, gid }: Node) => `${uid}:${gid}`;

function differences(a: Node, b: Node): Difference[] {
  const tests: readonly (readonly [Difference, boolean])[] = [
    ["type", a.type !== b.type],
    ["target", a.type === "symlink" && b.type === "symlink" && a.content !== b.content],
    ["content", a.type === b.type && a.type !== "symlink" && (a.content !== b.content || a.size !== b.size)],
    // A symbolic link has no mode of its own.
    ["mode", a.mode !== b.mode && b.type !== "symlink"],
    ["owner", ownerOf(a) !== ownerOf(b)],
    ["xattr", a.xattrs !== b.xattrs],
  ];
  return tests.filter(([, isSo]) => isSo).map(([name]) => name);
}

function changeOf(kind: Change["kind"], path: string, a: Node | undefined, b: Node | undefined): Change {
  const [before, after] = [a ?? b, b ?? a] as [Node, Node];
  return {
    kind,
    path: `/${toText(path)}`,
    type: after.type,
    differs: kind === "changed" ? differences(before, after) : [],
    before: a?.size ?? 0,
    after: b?.size ?? 0,
    mode: [before.mode, after.mode],
    owner: [ownerOf(before), ownerOf(after)],
  };
}

/** By path; what is in a folder that is added or removed is told one by one. */
export function compare(a: Node, b: Node): Change[] {
  const found: Change[] = [];
  const visit = (path: string, old: Node | undefined, now: Node | undefined): void => {
    // The same object: neither image has touched what is below it.
    if (old === now) return;
    if (path !== "") {
      if (old === undefined) found.push(changeOf("added", path, old, now));
      else if (now === undefined) found.push(changeOf("removed", path, old, now));
      else if (differences(old, now).length > 0) found.push(changeOf("changed", path, old, now));
    }
    const [before, after] = [old?.children.nodes, now?.children.nodes];
    for (const name of [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].sort())
      visit(path === "" ? name : `${path}/${name}`, before?.get(name), after?.get(name));
  };
  visit("", a, b);
  return found;
}

/** `bytes`: what is more, or less, than before. */
export function totalsOf(changes: readonly Change[]): Totals {
  const of = (kind: Change["kind"]) => {
    const own = changes.filter((change) => change.kind === kind);
    return { files: own.length, bytes: own.reduce((sum, { before, after }) => sum + after - before, 0) };
  };
  return { added: of("added"), changed: of("changed"), removed: of("removed") };
}
