import { readFileSync, writeFileSync } from "node:fs";
import type { CgroupSet } from "../kernel/cgroup/set.ts";
import type { Plan } from "../kernel/plan/plan.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";

/** What is kept of a container in its folder, so that another process can go on with it. */
export interface Kept {
  readonly version: 1;
  readonly pid: number;
  readonly spec: RuntimeSpec;
  readonly cgroupPath: string;
  readonly cgroups: CgroupSet;
  readonly plan: Plan;
  readonly records: readonly OpRecord[];
}

const fileIn = (folder: string): string => `${folder}/plan.json`;

export function writeKept(folder: string, kept: Kept): void {
  writeFileSync(fileIn(folder), JSON.stringify(kept, toPlain), { mode: 0o600 });
}

/** Undefined when the container never came to its gate, or its file was not written whole. */
export function readKept(folder: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(fileIn(folder), "utf8"), fromPlain) as Kept;
    return kept.version === 1 ? kept : undefined;
  } catch {
    return undefined;
  }
}

function toPlain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return { $integer: value.toString() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  // Buffer has a toJSON of its own, which runs before this.
  if (isBufferJson(value)) return { $bytes: Buffer.from(value.data).toString("base64") };
  return value;
}

function isBufferJson(value: unknown): value is { data: number[] } {
  const shape = value as { type?: unknown; data?: unknown } | null;
  return typeof value === "object" && shape?.type === "Buffer" && Array.isArray(shape.data);
}

function fromPlain(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("$integer" in value) return BigInt(String(value.$integer));
  if ("$bytes" in value) return new Uint8Array(Buffer.from(String(value.$bytes), "base64"));
  return value;
}
