import type { ContainerDetails } from "../../engine/engine.ts";
import type { HealthOption } from "../../engine/options.ts";

/** Docker's Config.Healthcheck; without what was not asked for. */
export function healthcheck(health: HealthOption) {
  const fields = {
    Test: health.test.length === 0 ? undefined : health.test,
    Interval: health.interval || undefined,
    Timeout: health.timeout || undefined,
    StartPeriod: health.startPeriod || undefined,
    StartInterval: health.startInterval || undefined,
    Retries: health.retries || undefined,
  };
  return Object.values(fields).some((value) => value !== undefined) ? { Healthcheck: fields } : {};
}

/** Docker's State.Health. */
export function health({ health }: ContainerDetails) {
  if (health === null) return {};
  const { status, failingStreak, log } = health;
  return {
    Health: {
      Status: status,
      FailingStreak: failingStreak,
      Log: log.map(({ start, end, exitCode, output }) => ({
        Start: start,
        End: end,
        ExitCode: exitCode,
        Output: output,
      })),
    },
  };
}

/** What `docker ps` puts behind `Up 5 minutes`. */
export function healthText({ health }: ContainerDetails): string {
  if (health === null) return "";
  return health.status === "starting" ? " (health: starting)" : ` (${health.status})`;
}
