/** What is known of a cache mount, in a file beside its data. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface MountRecord {
  /** As the Dockerfile names it. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly usedAt: number;
  readonly uses: number;
}

const NAME = "record.json";

/** Undefined where there is none. */
export function readMountRecord(folder: string): MountRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, NAME), "utf8")) as MountRecord;
  } catch {
    return undefined;
  }
}

export function writeMountRecord(folder: string, record: MountRecord): void {
  const fresh = join(folder, `.${NAME}`);
  writeFileSync(fresh, JSON.stringify(record), { mode: 0o600 });
  renameSync(fresh, join(folder, NAME));
}

/** A use is counted, where there is space to write it down. */
export function countUse(folder: string): void {
  const record = readMountRecord(folder);
  if (record === undefined) return;
  try {
    writeMountRecord(folder, { ...record, usedAt: Date.now(), uses: record.uses + 1 });
  } catch {
    // It only looks less used than it is.
  }
}
