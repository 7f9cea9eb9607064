/** Lets so many work at a time; others wait for their turn, the oldest first. */
export interface Gate {
  /** undefined: too many wait, or it waited so long that nobody listens any more. */
  pass<T>(work: () => Promise<T>): Promise<T | undefined>;
}

/** `patience`: milliseconds. */
export function gate(most: number, mostWaiting: number, patience: number): Gate {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return {
    pass: async (work) => {
      if (inside === most && waiting.length >= mostWaiting) return undefined;
      const came = performance.now();
      // Who leaves hands its place on.
      if (inside === most) await new Promise<void>((resolve) => waiting.push(resolve));
      else inside++;
      try {
        return performance.now() - came > patience ? undefined : await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) inside--;
        else next();
      }
    },
  };
}
