import { InroError } from "../../oci/error.ts";

/** A file of a cgroup and what is to be written into it. */
export interface FileValue {
  readonly file: string;
  readonly value: string;
}

/** One value to be written into one file of a cgroup. */
export interface Setting extends FileValue {
  /** As v1 names it: `memory`, `cpu`, `cpuset`, `blkio`, `pids`, … */
  readonly controller: string;
  /** JSON pointer below /linux/resources that asked for it: `/memory/limit`. */
  readonly at: string;
  /** What a kernel without this file is asked for instead. */
  readonly otherwise?: FileValue;
  /** A kernel without this file, or that refuses, is tolerated. */
  readonly optional?: boolean;
}

/** A value is missing when it is absent; for most limits of v1 and of runc zero means absent too. */
export const given = (value: number | undefined): value is number => value !== undefined && value !== 0;

/** -1 is the specification's word for no limit, `max` is v2's; nothing else below zero means anything. */
export function orMax(value: number, at: string): string {
  if (value < -1)
    throw invalid(at, `cannot limit anything to ${value}`, "it is below zero", "-1 is no limit");
  return value === -1 ? "max" : integer(value);
}

const UINT64_MAX = 2n ** 64n - 1n;

/** Decimal digits without exponent: what the kernel parses. The greatest number of 64 bits is rounded up by JSON. */
export function integer(value: number): string {
  const whole = BigInt(Math.trunc(value));
  return String(whole > UINT64_MAX ? UINT64_MAX : whole);
}

/** What the specification can say and the kernel cannot do. */
export function invalid(at: string, what: string, why: string, hint?: string): InroError {
  const parts = { what, why, at: `/linux/resources${at}` };
  return new InroError("RESOURCE_INVALID", hint === undefined ? parts : { ...parts, hint });
}

/**
 * config-linux.md, "Unified": "If the conversion is not possible the runtime MUST generate an error." What v1 has and v2
 * has not.
 */
export function refuseOnV2(asked: boolean, at: string, what: string): void {
  if (asked) throw invalid(at, `cannot set ${what}`, "cgroup v2 has no such limit");
}
