import type { ContainerOptions, HealthOnFailure } from "../options.ts";

/** What is asked of a container again and again; milliseconds. */
export interface HealthCheck {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  /** Failures within it do not count, and it is asked every `startInterval` until it answers well. */
  readonly startPeriod: number;
  readonly startInterval: number;
  /** So many failures in a row make it unhealthy. */
  readonly retries: number;
  readonly onFailure: HealthOnFailure;
}

/** Docker's. */
const INTERVAL = 30_000;
const TIMEOUT = 30_000;
const START_INTERVAL = 5_000;
const RETRIES = 3;

const SHELL: readonly string[] = ["/bin/sh", "-c"];

/** Null: nothing is to be checked. */
export function healthCheckOf({ health, healthOnFailure, shell }: ContainerOptions): HealthCheck | null {
  const command = commandOf(health.test, shell ?? SHELL);
  if (command.length === 0) return null;
  return {
    command,
    interval: milliseconds(health.interval) || INTERVAL,
    timeout: milliseconds(health.timeout) || TIMEOUT,
    startPeriod: milliseconds(health.startPeriod),
    startInterval: milliseconds(health.startInterval) || START_INTERVAL,
    retries: health.retries || RETRIES,
    onFailure: healthOnFailure,
  };
}

const milliseconds = (nanoseconds: number): number => nanoseconds / 1e6;

/** Docker: a test of a kind that is not known, as an image may have one, is none. */
function commandOf([kind, ...words]: readonly string[], shell: readonly string[]): readonly string[] {
  if (kind === "CMD") return words;
  return kind === "CMD-SHELL" && words.length > 0 ? [...shell, ...words] : [];
}
