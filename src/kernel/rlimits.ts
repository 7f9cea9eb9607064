import { InroError } from "../oci/error.ts";

/** include/uapi/asm-generic/resource.h: a resource's place in this list is its number. */
const RESOURCES = [
  "RLIMIT_CPU",
  "RLIMIT_FSIZE",
  "RLIMIT_DATA",
  "RLIMIT_STACK",
  "RLIMIT_CORE",
  "RLIMIT_RSS",
  "RLIMIT_NPROC",
  "RLIMIT_NOFILE",
  "RLIMIT_MEMLOCK",
  "RLIMIT_AS",
  "RLIMIT_LOCKS",
  "RLIMIT_SIGPENDING",
  "RLIMIT_MSGQUEUE",
  "RLIMIT_NICE",
  "RLIMIT_RTPRIO",
  "RLIMIT_RTTIME",
];

/** The number that prlimit64(2) takes for a name like `RLIMIT_NOFILE`. config.md: an unknown name is an error. */
export function rlimitNumber(type: string, at: string): number {
  const number = RESOURCES.indexOf(type);
  if (number >= 0) return number;
  throw new InroError("RLIMIT_UNKNOWN", {
    what: `cannot set the limit "${type}"`,
    why: "there is no resource limit of this name",
    hint: "see getrlimit(2)",
    at: `${at}/type`,
  });
}
