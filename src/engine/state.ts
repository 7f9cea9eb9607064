/** RFC 3339, UTC, with nanoseconds: `2026-11-24T02:01:02.123456789Z`. */
export type Timestamp = string;

/** How a container's program ended. */
export interface ExitReport {
  /** As a shell and Docker say it: 128 + the signal's number when one ended it. */
  readonly code: number;
  readonly oomKilled: boolean;
  /** Why there is no better code: "died with its monitor", "the machine was restarted"; else empty. */
  readonly error: string;
  readonly startedAt: Timestamp;
  readonly finishedAt: Timestamp;
  /** Bytes of output that the log could not take (a full disk). */
  readonly lostBytes: number;
}

/** A state holds what is true in it and nothing else: an ended container has no pid to misuse. */
export type ContainerState =
  | {
      readonly status: "created";
      /** The last start that failed: 126, 127 or 128 and what to tell. */
      readonly failure: { readonly code: number; readonly message: string } | null;
    }
  | { readonly status: "running"; readonly pid: number; readonly startedAt: Timestamp }
  | { readonly status: "paused"; readonly pid: number; readonly startedAt: Timestamp }
  | { readonly status: "restarting"; readonly exit: ExitReport }
  | { readonly status: "exited"; readonly exit: ExitReport }
  /** Its removal failed half way; `remove` tries again. */
  | { readonly status: "dead"; readonly error: string };

export type ContainerStatus = ContainerState["status"];

/** A program runs in it: running or paused. */
export function isLive(
  state: ContainerState,
): state is Extract<ContainerState, { status: "running" | "paused" }> {
  return state.status === "running" || state.status === "paused";
}

/** Nanoseconds since 1970 as an RFC 3339 time that keeps them all. */
export function timestamp(nanoseconds: bigint): Timestamp {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${(nanoseconds % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}

/** What a clock that never ran shows (the zero time of Docker's API). */
export const NEVER: Timestamp = "0001-01-01T00:00:00Z";
