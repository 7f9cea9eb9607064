/** One value at a time from a giver to a taker; either may leave. */
export interface Channel<T> extends AsyncIterable<T> {
  /** Resolves when there is room for the next; false once the taker has left. */
  push(value: T): Promise<boolean>;
  /** No more values; with an error, the taker gets it. */
  end(error?: unknown): void;
  /** The taker takes no more: what is pushed is dropped. */
  leave(): void;
}

export function channel<T>(capacity = 2): Channel<T> {
  const queue: T[] = [];
  let ended = false;
  let error: unknown;
  let left = false;
  let wakeGiver = () => {};
  let wakeTaker = () => {};
  const wait = (set: (wake: () => void) => void) => new Promise<void>(set);
  const leave = () => {
    left = true;
    queue.length = 0;
    wakeGiver();
  };
  return {
    async push(value) {
      while (!left && queue.length >= capacity) {
        await wait((wake) => {
          wakeGiver = wake;
        });
      }
      if (!left) queue.push(value);
      wakeTaker();
      return !left;
    },
    end(failure) {
      ended = true;
      error = failure;
      wakeTaker();
    },
    leave,
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const value = queue.shift();
          wakeGiver();
          if (value !== undefined) yield value;
          else if (!ended) {
            await wait((wake) => {
              wakeTaker = wake;
            });
          } else if (error !== undefined) throw error;
          else return;
        }
      } finally {
        leave();
      }
    },
  };
}
