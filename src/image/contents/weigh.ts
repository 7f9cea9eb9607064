/** What each layer of an image weighs: its bytes, where they lie, and which of them later layers throw away. */
import { toText } from "../tree/entry.ts";
import { within } from "../tree/names.ts";
import type { Node } from "./tree.ts";

export interface Weight {
  readonly path: string;
  readonly bytes: number;
}

/** Bytes that stay in the image's layers although no container sees them. */
export interface Waste extends Weight {
  /** The layer that wrote over it or deleted it, counted from the bottom. */
  readonly by: number;
}

export interface LayerWeight {
  /** Bytes of the files in it. */
  readonly bytes: number;
  readonly files: number;
  /** The heaviest first. */
  readonly folders: readonly Weight[];
  readonly wasted: number;
  /** The heaviest first. */
  readonly waste: readonly Waste[];
}

/** How deep a folder may lie to be named: `usr/lib` says more than `usr`, and its own folders would say too much. */
const depth = 2;
const most = 3;

const heaviest = <T extends Weight>(all: readonly T[], count: number): T[] =>
  all
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
    .slice(0, count);

/** The folder that a file, `/usr/lib/a/b`, is counted to. */
const folderOf = (path: string): string =>
  path
    .split("/")
    .slice(0, -1)
    .slice(0, depth + 1)
    .join("/") || "/";

/** Gathers while layers are read: what comes, and what goes. */
export function scales(layers: number): {
  onGone(node: Node, path: string, by: number): void;
  /** After the last layer: what is there at the end, and what went. */
  weigh(root: Node): LayerWeight[];
} {
  const waste: Waste[][] = Array.from({ length: layers }, () => []);
  return {
    onGone(node, path, by) {
      // A file that its own layer holds twice was never another layer's.
      if (node.type === "file" && node.layer < by)
        waste[node.layer]?.push({ path: `/${toText(path)}`, bytes: node.bytes, by });
    },
    weigh(root) {
      const folders = Array.from({ length: layers }, () => new Map<string, number>());
      const counts = Array.from({ length: layers }, () => ({ bytes: 0, files: 0 }));
      const add = (layer: number, folder: string, bytes: number) => {
        const count = counts[layer];
        if (count === undefined) return;
        count.files++;
        count.bytes += bytes;
        folders[layer]?.set(folder, (folders[layer]?.get(folder) ?? 0) + bytes);
      };
      const visit = (node: Node, path: string): void => {
        if (node.type === "file") add(node.layer, folderOf(`/${toText(path)}`), node.bytes);
        for (const [name, child] of node.children.nodes) visit(child, within(path, name));
      };
      visit(root, "");
      for (const [layer, all] of waste.entries())
        for (const { path, bytes } of all) add(layer, folderOf(path), bytes);
      return counts.map(({ bytes, files }, i) => {
        const own = waste[i] ?? [];
        const weights = [...(folders[i] ?? [])].map(([path, weight]) => ({ path, bytes: weight }));
        return {
          ...{ bytes, files, folders: heaviest(weights, most) },
          wasted: own.reduce((sum, each) => sum + each.bytes, 0),
          waste: heaviest(own, most),
        };
      });
    },
  };
}
