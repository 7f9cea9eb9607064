import { toText } from "../../image/tree/entry.ts";
import type { Ignore } from "../dockerfile/ignore.ts";
import type { TreeSource } from "./request.ts";

/** What a source shows of its tree. */
export interface Sieve {
  /** `path` from the source's root, `relative` from the folder that is copied; byte strings. */
  take(path: string, relative: string, isFolder: boolean): Taken;
}

/** `way`: a folder that is only there for what an exception shows beneath it. */
export type Taken = "shown" | "way" | "hidden";

const rank = { shown: 0, way: 1, hidden: 2 } as const;

function by(ignore: Ignore | null, path: string, isFolder: boolean): Taken {
  if (ignore?.excludedBy(path) === undefined) return "shown";
  return isFolder && ignore.mayHoldIncluded(path) ? "way" : "hidden";
}

/** By the context's `.dockerignore` and by `--exclude`: what either hides is hidden. */
export const sieveOf = ({ ignore }: TreeSource, exclude: Ignore | null = null): Sieve => ({
  take(path, relative, isFolder) {
    if (ignore === null && exclude === null) return "shown";
    const first = by(ignore?.rules ?? null, toText(path), isFolder);
    if (first === "hidden") return first;
    const second = by(exclude, toText(relative), isFolder);
    return rank[first] > rank[second] ? first : second;
  },
});
