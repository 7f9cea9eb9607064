import { openSync } from "node:fs";
import { libc } from "../platform/libc.ts";
import { type HostFacts, readFacts } from "./facts.ts";

/** Milliseconds: controllers can be taken from v2 by a mount elsewhere, of which nobody tells. */
const MOST_AGE = 1000;
// poll(2)
const POLLPRI = 2;
const POLLERR = 8;

let calls = 0;
let watched: number | undefined;
let kept: { readonly facts: HostFacts; readonly readAt: number } | undefined;

/**
 * readFacts for a process that is asked again and again: what was read a moment ago, unless a mount has changed since, which
 * poll(2) tells of an open mountinfo (proc_pid_mounts(5)).
 */
export function recentFacts(searchPath: string | undefined): HostFacts {
  const changed = watched === undefined || mountsChanged(watched);
  // A process of one command has no use for it.
  if (++calls > 1) watched ??= openSync("/proc/self/mountinfo", "r");
  if (kept === undefined || changed || performance.now() - kept.readAt > MOST_AGE)
    kept = { facts: readFacts(), readAt: performance.now() };
  return { ...kept.facts, searchPath: searchPath ?? "" };
}

/** Since it was asked before. */
function mountsChanged(descriptor: number): boolean {
  // struct pollfd: a descriptor, and two shorts: what is asked for, and what is answered.
  const poll = new Int32Array([descriptor, POLLPRI]);
  return libc().poll(poll, 1, 0) > 0 && ((poll[1] as number) & ((POLLERR | POLLPRI) << 16)) !== 0;
}
