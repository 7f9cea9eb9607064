/**
 * The files of an image, layer over layer, as a tree that shares what it did not change: a folder belongs to the version
 * of the tree that made it, and another version copies it before it writes. So two images on one base are compared
 * without looking at the base.
 */
import type { TarType } from "../tar/entry.ts";

export type NodeType = Exclude<TarType, "hardlink">;

export interface Node {
  readonly type: NodeType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file's data. */
  readonly size: number;
  /** Of these, what its layer holds for it: none for a further name of a file. */
  readonly bytes: number;
  /** What says whether data are the same: a digest of a file's, a link's target, a device's numbers. */
  readonly content: string;
  /** Names and values. */
  readonly xattrs: string;
  /** Which layer it comes from, counted from the bottom. */
  readonly layer: number;
  /** Of a folder; empty for all else. */
  readonly children: Children;
}

/** By their names (byte strings), and the version of the tree that may change them. */
export interface Children {
  readonly version: number;
  readonly nodes: Map<string, Node>;
}

const none: Children = { version: -1, nodes: new Map() };

export const leaf = (node: Omit<Node, "children">): Node => ({ ...node, children: none });

/** Told of what a layer takes away or writes over; `path` is a byte string. */
export type OnGone = (node: Node, path: string, layer: number) => void;

export interface Tree {
  readonly root: Node;
  find(path: string): Node | undefined;
  /** Puts an entry in; a folder on a folder keeps what is in it. Parents that the layer does not name are made. */
  put(path: string, node: Node): void;
  /** A whiteout: what layers below `layer` have of the path is gone. */
  remove(path: string, layer: number): void;
  /** An opaque folder: what layers below have in it is gone. */
  clear(path: string, layer: number): void;
  /** Another version, which begins as this one. */
  fork(): Tree;
}

const emptyFolder = (layer: number): Node => ({
  ...{ type: "directory", mode: 0o755, uid: 0, gid: 0, size: 0, bytes: 0, content: "", xattrs: "", layer },
  children: { version: -1, nodes: new Map() },
});

let versions = 0;

export function openTree(onGone: OnGone = () => {}, from: Node = emptyFolder(-1)): Tree {
  const version = versions++;
  let root = from;

  const owned = (node: Node): Node =>
    node.children.version === version
      ? node
      : { ...node, children: { version, nodes: new Map(node.children.nodes) } };

  /** The folder of a path, made ours from the root down. */
  const folderFor = (parts: readonly string[], layer: number): Node => {
    root = owned(root);
    let at = root;
    for (const part of parts) {
      const there = at.children.nodes.get(part);
      const next = owned(there?.type === "directory" ? there : emptyFolder(layer));
      at.children.nodes.set(part, next);
      at = next;
    }
    return at;
  };

  const gone = (node: Node, path: string, layer: number): void => {
    onGone(node, path, layer);
    for (const [name, child] of node.children.nodes) gone(child, `${path}/${name}`, layer);
  };

  /** What is left of a node without layers below; undefined for nothing. */
  const above = (node: Node, path: string, layer: number): Node | undefined => {
    if (node.layer < layer && node.children.nodes.size === 0) {
      onGone(node, path, layer);
      return undefined;
    }
    const kept = new Map<string, Node>();
    for (const [name, child] of node.children.nodes) {
      const left = above(child, `${path}/${name}`, layer);
      if (left !== undefined) kept.set(name, left);
    }
    if (node.layer < layer) {
      onGone(node, path, layer);
      if (kept.size === 0) return undefined;
    }
    return { ...node, children: { version, nodes: kept } };
  };

  const split = (path: string): [string[], string] => {
    const parts = path.split("/");
    const name = parts.pop() ?? "";
    return [parts, name];
  };

  return {
    get root() {
      return root;
    },
    find(path) {
      let at: Node | undefined = root;
      for (const part of path === "" ? [] : path.split("/")) at = at?.children.nodes.get(part);
      return at;
    },
    put(path, node) {
      if (path === "") {
        root = owned({ ...node, children: root.children });
        return;
      }
      const [parts, name] = split(path);
      const { nodes } = folderFor(parts, node.layer).children;
      const before = nodes.get(name);
      const isMerged = before?.type === "directory" && node.type === "directory";
      if (before !== undefined && !isMerged) gone(before, path, node.layer);
      nodes.set(name, isMerged ? { ...node, children: before.children } : node);
    },
    remove(path, layer) {
      const [parts, name] = split(path);
      const { nodes } = folderFor(parts, layer).children;
      const before = nodes.get(name);
      const left = before === undefined ? undefined : above(before, path, layer);
      if (left === undefined) nodes.delete(name);
      else nodes.set(name, left);
    },
    clear(path, layer) {
      const { nodes } = folderFor(path === "" ? [] : path.split("/"), layer).children;
      for (const [name, child] of [...nodes]) {
        const left = above(child, path === "" ? name : `${path}/${name}`, layer);
        if (left === undefined) nodes.delete(name);
        else nodes.set(name, left);
      }
    },
    fork: () => openTree(onGone, root),
  };
}
