/** One way to do the work of a row. */
export interface Attempt {
  readonly name: string;
  readonly run: (round: number) => Promise<unknown>;
  /** What must pass before it can run again; not measured. */
  readonly settle?: () => Promise<unknown>;
}

/**
 * Times every attempt once per round, in a new order each round, so that whatever else the machine does falls on all of
 * them alike. Milliseconds per attempt; the first rounds are warm-up and left out.
 */
export async function interleave(
  attempts: readonly Attempt[],
  rounds: number,
  warmUp = 1,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(attempts.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds + warmUp; round++) {
    for (const attempt of rotated(attempts, round)) {
      const start = performance.now();
      await attempt.run(round);
      if (round >= warmUp) times.get(attempt.name)?.push(performance.now() - start);
      await attempt.settle?.();
    }
  }
  return times;
}

/** In another order each round. */
export const rotated = <T>(list: readonly T[], round: number): T[] => {
  const first = round % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
};

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

export const medians = (times: ReadonlyMap<string, readonly number[]>): Map<string, number> =>
  new Map([...times].map(([name, values]) => [name, median(values)]));

/** What an attempt `NAME` takes more than its `NAME, LESS`: differences of medians. */
export function additions(
  of: readonly { readonly name: string }[],
  times: ReadonlyMap<string, number>,
  less: string,
): Map<string, number> {
  const time = (name: string) => times.get(name) ?? Number.NaN;
  return new Map(of.map(({ name }) => [name, time(name) - time(`${name}, ${less}`)]));
}
