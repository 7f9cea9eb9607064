import { InroError } from "../../oci/error.ts";
import type { SpecRlimit } from "../../oci/runtime-spec.ts";
import type { Ulimit } from "../options.ts";

/** setrlimit(2): the limits there are, as /proc/<pid>/limits names them. */
export const RLIMITS = {
  core: "Max core file size",
  cpu: "Max cpu time",
  data: "Max data size",
  fsize: "Max file size",
  locks: "Max file locks",
  memlock: "Max locked memory",
  msgqueue: "Max msgqueue size",
  nice: "Max nice priority",
  nofile: "Max open files",
  nproc: "Max processes",
  rss: "Max resident set",
  rtprio: "Max realtime priority",
  rttime: "Max realtime timeout",
  sigpending: "Max pending signals",
  stack: "Max stack size",
} as const;

export type RlimitName = keyof typeof RLIMITS;

/** Hard limits that the engine itself stands under; Infinity is none. */
export type HeldLimits = { readonly [K in RlimitName]: number };

/** What systemd gives a service: a soft limit that old programs, which close every descriptor, can bear. */
const DEFAULT_NOFILE = { soft: 1024, hard: 524_288 };

/** RLIM64_INFINITY; the largest number that both the kernel and JSON keep. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * The limits asked for, and a default for open files. Raising one above what the engine holds needs
 * CAP_SYS_RESOURCE (setrlimit(2)): an error for a request, a lower figure for the default.
 */
export function specRlimits(
  asked: readonly Ulimit[],
  held: HeldLimits,
  mayRaise: boolean,
): readonly SpecRlimit[] {
  const limits = asked.map((limit) => requested(limit, held, mayRaise));
  if (asked.some((limit) => limit.name === "nofile")) return limits;
  const hard = Math.min(DEFAULT_NOFILE.hard, held.nofile);
  return [{ type: "RLIMIT_NOFILE", soft: Math.min(DEFAULT_NOFILE.soft, hard), hard }, ...limits];
}

function requested(limit: Ulimit, held: HeldLimits, mayRaise: boolean): SpecRlimit {
  if (!(limit.name in RLIMITS)) throw invalid(limit, `there is no limit "${limit.name}"`);
  const name = limit.name as RlimitName;
  const soft = limit.soft < 0 ? Number.POSITIVE_INFINITY : limit.soft;
  const hard = limit.hard < 0 ? Number.POSITIVE_INFINITY : limit.hard;
  if (soft > hard) throw invalid(limit, "the soft limit is above the hard one");
  if (hard > held[name] && !mayRaise)
    throw invalid(limit, `the engine itself is held to ${held[name]} and may not raise it`);
  return {
    type: `RLIMIT_${name.toUpperCase()}`,
    soft: Math.min(soft, UNLIMITED),
    hard: Math.min(hard, UNLIMITED),
  };
}

function invalid(limit: Ulimit, why: string): InroError {
  return new InroError("INVALID_OPTION", {
    what: `cannot set the limit ${limit.name}=${limit.soft}:${limit.hard}`,
    why,
    at: `--ulimit ${limit.name}`,
  });
}

/** Reads /proc/<pid>/limits. */
export function parseHeldLimits(text: string): HeldLimits {
  const hardOf = (label: string): number => {
    const line = text.split("\n").find((candidate) => candidate.startsWith(label));
    const value = line?.slice(label.length).trim().split(/\s+/)[1];
    return value === undefined || value === "unlimited" ? Number.POSITIVE_INFINITY : Number(value);
  };
  return Object.fromEntries(
    Object.entries(RLIMITS).map(([name, label]) => [name, hardOf(label)]),
  ) as HeldLimits;
}
