import { readFileSync } from "node:fs";
import type { CgroupFolder, CgroupSet } from "../set.ts";

/** The cgroup in the hierarchy that has the controller (as v1 names it). */
export const folderOf = (set: CgroupSet, controller: string): CgroupFolder | undefined =>
  set.find((folder) => folder.controllers.includes(controller));

export const unifiedOf = (set: CgroupSet): CgroupFolder | undefined =>
  set.find((folder) => folder.version === 2);

/** Empty when the file or the cgroup is not there: a container may end while it is being read. */
export function text(folder: CgroupFolder | undefined, file: string): string {
  if (folder === undefined) return "";
  try {
    return readFileSync(`${folder.path}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** Null for `max`, and for what is not there. */
export function number(folder: CgroupFolder | undefined, file: string): number | null {
  const value = text(folder, file).trim();
  return value === "" || value === "max" ? null : Number(value);
}

/** Lines of words. */
export const rows = (content: string): string[][] =>
  content.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim().split(/\s+/)]));

/** Files of `key value` lines. */
export function table(folder: CgroupFolder | undefined, file: string): Map<string, bigint> {
  return new Map(
    rows(text(folder, file)).flatMap(([key, value]): [string, bigint][] =>
      key !== undefined && value !== undefined && /^\d+$/.test(value) ? [[key, BigInt(value)]] : [],
    ),
  );
}

/** cpuset(7), "List format": `0-2,5` is 0, 1, 2 and 5. */
export function parseList(list: string): number[] {
  return list.trim() === ""
    ? []
    : list.split(",").flatMap((range) => {
        const [first = 0, last = first] = range.split("-").map(Number);
        return Array.from({ length: last - first + 1 }, (_, index) => first + index);
      });
}
