import type { Timestamp } from "../state.ts";
import type { HealthCheck } from "./check.ts";

/** One look at a container. */
export interface ProbeResult {
  readonly start: Timestamp;
  readonly end: Timestamp;
  /** 0: it is well; -1: there is no answer. */
  readonly exitCode: number;
  readonly output: string;
}

/** How a container is, as far as its health check tells. */
export interface Health {
  /** starting: it was neither well nor ill long enough since its start. */
  readonly status: "starting" | "healthy" | "unhealthy";
  /** Failures since it was well last. */
  readonly failingStreak: number;
  /** The last results, the oldest first. */
  readonly log: readonly ProbeResult[];
}

const RESULTS_KEPT = 5;

/** Of a container that has just started; what was seen of its last run is still told. */
export function atStart(before: Health | null): Health {
  return { status: "starting", failingStreak: 0, log: before?.log ?? [] };
}

/** Of one that has ended: Docker's word for what nobody checks any more. */
export function atEnd(before: Health | null): Health | null {
  return before === null ? null : { ...before, status: "unhealthy" };
}

/** What a result makes of it. */
export function judge(
  { status, failingStreak, log }: Health,
  result: ProbeResult,
  { startPeriod, retries }: HealthCheck,
  startedAt: Timestamp,
): Health {
  const kept = [...log.slice(1 - RESULTS_KEPT), result];
  if (result.exitCode === 0) return { status: "healthy", failingStreak: 0, log: kept };
  const age = Date.parse(result.start) - Date.parse(startedAt);
  if (status === "starting" && age < startPeriod) return { status, failingStreak, log: kept };
  const streak = failingStreak + 1;
  return { status: streak >= retries ? "unhealthy" : status, failingStreak: streak, log: kept };
}

/** When it was looked at last, or has started; milliseconds since 1970. */
export function lastSeen({ log }: Health, startedAt: Timestamp): number {
  return Math.max(Date.parse(startedAt), Date.parse(log.at(-1)?.end ?? startedAt));
}

/** Milliseconds from now until it is to be looked at, when it was looked at `last`. */
export function dueIn({ status }: Health, check: HealthCheck, startedAt: Timestamp, last: number): number {
  const early = status === "starting" && last - Date.parse(startedAt) < check.startPeriod;
  const wait = early ? check.startInterval : check.interval;
  // A clock that was set back would have it wait for the time to come again.
  return Math.min(Math.max(last + wait - Date.now(), 0), wait);
}
