import type { CgroupSet } from "../set.ts";
import { rows, text, unifiedOf } from "./files.ts";

/** Shares of the last 10, 60 and 300 seconds in percent; the sum in microseconds. */
export interface Stall {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly totalUs: bigint;
}

/** Documentation/accounting/psi.rst: the time that some, or all, tasks waited for a resource. */
export interface Pressure {
  readonly some: Stall;
  readonly full: Stall;
}

const NONE: Stall = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0n };

/** The unified hierarchy counts it whether or not it has the controller. Null on v1 alone, and where PSI is off. */
export function readPressure(set: CgroupSet, resource: "cpu" | "memory" | "io"): Pressure | null {
  return parsePressure(text(unifiedOf(set), `${resource}.pressure`));
}

export function parsePressure(content: string): Pressure | null {
  const stalls = new Map(rows(content).map(([kind, ...words]) => [kind, stall(words)]));
  // Kernels before 5.13 have no "full" of the processors.
  return stalls.has("some") ? { some: stalls.get("some") ?? NONE, full: stalls.get("full") ?? NONE } : null;
}

function stall(words: readonly string[]): Stall {
  const values = new Map(words.map((word) => word.split("=") as [string, string]));
  const average = (key: string): number => Number(values.get(key) ?? 0);
  return {
    avg10: average("avg10"),
    avg60: average("avg60"),
    avg300: average("avg300"),
    totalUs: BigInt(values.get("total") ?? 0),
  };
}
