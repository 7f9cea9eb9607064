import type { EntryTime, SeenEntry } from "../../image/tree/entry.ts";
import type { FileStamp } from "./file-digests.ts";

const timeText = ({ seconds, nanoseconds }: EntryTime) => `${seconds}.${nanoseconds}`;

export const stampOf = ({ identity, size, mtime, changed }: SeenEntry): FileStamp => ({
  identity,
  stamp: `${size} ${timeText(mtime)} ${timeText(changed)}`,
});

/** Milliseconds: a tick of the kernel's coarse clock, 10 at most, and some more. */
const tick = 100;
/** Of file systems that keep whole seconds, FAT even every second one. */
const slowTick = 2000;

/**
 * Whether a change of the file after `at` (milliseconds since 1970) would give it another time of change: if its last one is
 * too young, the next may bear the same time (git's "racy" files).
 */
export function isSettled({ changed }: SeenEntry, at: number): boolean {
  const granularity = changed.nanoseconds === 0 ? slowTick : tick;
  return changed.seconds * 1000 + changed.nanoseconds / 1e6 + granularity < at;
}
