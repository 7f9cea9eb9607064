/**
 * A plan's acts, in their order on the wire. `host`, `clone` and `map` belong to the executor, `map` runs beside
 * `build`; `build`, `confine` and `become` belong to the child; `undo` to whoever cleans up: the monitor after the
 * exit, the executor after a failure, a fresh executor when the monitor was killed.
 */
export const ACTS = ["host", "clone", "map", "build", "confine", "become", "undo"] as const;

export type Act = (typeof ACTS)[number];
