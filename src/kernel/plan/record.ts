import type { Act } from "./act.ts";
import type { Kind } from "./operations.ts";

/** What the native side answers for one operation that it executed. Plain JSON but for `data`. */
export interface OpRecord {
  readonly act: Act;
  /** Position within its act; a batch is act `host`. */
  readonly index: number;
  readonly kind: Kind;
  /** The system call that gave the answer; empty for a check of our own. */
  readonly step: string;
  /** 0: it worked (or failed and was allowed to: then `detail` tells). */
  readonly errno: number;
  /** 0 after `seccomp`, where no time is taken. */
  readonly ns: number;
  /** What the operation answers: st_mode of a clone, the child's pid. */
  readonly value: number;
  /** The part of a path, the kernel's own words (netlink's extended acknowledgement), or what was tolerated. */
  readonly detail: string;
  /** Batches only: the messages that netlink answered with. */
  readonly data?: Uint8Array;
}
