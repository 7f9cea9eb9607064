/** What `up`, `create` and `scale` are asked for beside the file. */

/** `diverged`: those that are not as the file says. */
export type Recreate = "diverged" | "force" | "never";

export interface UpOptions {
  /** None: all of them. */
  readonly services: readonly string[];
  /** Whether those that they depend on come, too. */
  readonly dependencies: boolean;
  readonly recreate: Recreate;
  /** Of dependencies that are not named. */
  readonly recreateDependencies: Recreate;
  /** By service. */
  readonly scale: Readonly<Record<string, number>>;
  readonly orphans: "warn" | "remove" | "ignore";
  /** Volumes without a name are new where a container is. */
  readonly renewVolumes: boolean;
  readonly start: boolean;
  /** Until all run, and are healthy where they have a health check. */
  readonly wait: boolean;
  /** Seconds. */
  readonly waitTimeout?: number;
  /** Seconds to stop one, where the container does not say it itself. */
  readonly timeout?: number;
}

/** `inro compose up` without any option. */
export const UP: UpOptions = {
  services: [],
  dependencies: true,
  recreate: "diverged",
  recreateDependencies: "diverged",
  scale: {},
  orphans: "warn",
  renewVolumes: false,
  start: true,
  wait: false,
};
