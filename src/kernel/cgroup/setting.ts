/** One value to be written into one file of a cgroup. */
export interface Setting {
  /** As v1 names it: `memory`, `cpu`, `cpuset`, `blkio`, `pids`, … */
  readonly controller: string;
  readonly file: string;
  readonly value: string;
  /** JSON pointer below /linux/resources that asked for it: `/memory/limit`. */
  readonly at: string;
  /** A kernel without this file is tolerated. */
  readonly optional?: boolean;
}

/** A value is missing when it is absent; for most limits of v1 and of runc zero means absent too. */
export const given = (value: number | undefined): value is number => value !== undefined && value !== 0;

/** -1 is the specification's word for no limit, `max` is v2's. */
export const orMax = (value: number): string => (value < 0 ? "max" : integer(value));

/** Decimal digits without exponent: what the kernel parses. */
export function integer(value: number): string {
  return BigInt(Math.trunc(value)).toString();
}
