import { statfsSync } from "node:fs";
import { InroError } from "../oci/error.ts";

/** What a person reads: 3 bytes, 4.2 MB. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}

function free(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** How the kernel, and SQLite, say it. */
const full: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL"]);

export interface Wanted {
  /** `cannot store a blob`; the folder is said after it. */
  readonly what: string;
  /** Where it was to go, absolute. */
  readonly folder: string;
  /** Bytes that were to be written all in all, where that is known. */
  readonly needed?: number | undefined;
}

/** NO_SPACE where that is the error: it names the folder, what was needed, and what is free. Undefined for any other. */
export function diskFull(cause: unknown, { what, folder, needed }: Wanted): InroError | undefined {
  const { code, errno } = (cause ?? {}) as { code?: unknown; errno?: unknown };
  const name = [code, errno].find((each) => full.has(each));
  if (name === undefined) return undefined;
  const left = free(folder);
  const facts = [
    ...(needed === undefined ? [] : [`${bytesText(needed)} were needed`]),
    ...(left === undefined ? [] : [`${bytesText(left)} are free`]),
  ];
  return new InroError("NO_SPACE", {
    what: `${what} in ${folder}`,
    why: `the disk is full${name === "EDQUOT" ? " up to its quota" : ""}${facts.length > 0 ? `: ${facts.join(", ")}` : ""}`,
    hint: "free some space (`inro system prune`, `inro system df`), or place the data root elsewhere with --data-root",
    cause,
  });
}
