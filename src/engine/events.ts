/** One thing that happened; the same shape as Docker's events. */
export interface EngineEvent {
  readonly type: "container" | "image" | "volume" | "network" | "daemon";
  /** `create`, `start`, `die`, `oom`, `destroy`, `exec_create: sh`, … */
  readonly action: string;
  /** The id or name of what it happened to. */
  readonly id: string;
  /** `name`, `image`, `exitCode`, … and the labels. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
}

export interface EventQuery {
  /** Nanoseconds since 1970; what happened from then on is told first. `null`: only what happens from now on. */
  readonly since: bigint | null;
  /** The stream ends there. `null`: it never ends. */
  readonly until: bigint | null;
  /** All must hold; values of one key are alternatives. Keys: type, event, container, image, volume, network, label. */
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

export interface Events {
  /** Past events first, then new ones as they happen. Ends with `until` or when the signal is aborted. */
  stream(query: EventQuery, signal: AbortSignal): AsyncIterable<EngineEvent>;
}
