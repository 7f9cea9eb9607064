/** So many at once; the others wait in the order in which they came, and leave when they are given up. */
export function limiter(most: number): <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T> {
  let free = most;
  const waiting: (() => void)[] = [];
  const next = () => {
    const one = waiting.shift();
    if (one === undefined) free++;
    else one();
  };
  return async (signal, work) => {
    signal.throwIfAborted();
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      next();
    }
  };
}
