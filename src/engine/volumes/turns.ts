import type { Entry } from "../entry.ts";

/** Does something while none of these containers starts, ends or goes; always in the same order, so that nobody waits in a circle. */
export async function withTurns<T>(entries: readonly Entry[], work: () => Promise<T>): Promise<T> {
  const [first, ...others] = entries.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (first === undefined) return await work();
  return await first.turn.run(() => withTurns(others, work));
}
