/** Work that several want at once is done once, and given up when the last of them has given up. */
interface Shared<E, T> {
  /** `hear` is told everything, also what was told before. Rejects when `signal` is aborted, whatever the others want. */
  join(hear: (event: E) => void, signal: AbortSignal): Promise<T>;
}

/** What may be told again to those who join late. */
const MOST_TOLD = 1024 * 1024;

export class SharedWork<E, T> {
  readonly #weigh: (event: E) => number;
  readonly #running = new Map<string, Shared<E, T>>();

  /** `weigh`: bytes that an event takes; of what was told, so much is kept as a late one may want to hear. */
  constructor(weigh: (event: E) => number) {
    this.#weigh = weigh;
  }

  /** The work under a key: what is under way, or `work`, begun now. */
  run(
    key: string,
    work: (tell: (event: E) => void, signal: AbortSignal) => Promise<T>,
    hear: (event: E) => void,
    signal: AbortSignal,
  ): Promise<T> {
    const running = this.#running.get(key) ?? this.#begin(key, work);
    return running.join(hear, signal);
  }

  #begin(key: string, work: (tell: (event: E) => void, signal: AbortSignal) => Promise<T>): Shared<E, T> {
    const told: E[] = [];
    let weight = 0;
    const listeners = new Set<(event: E) => void>();
    const controller = new AbortController();
    const tell = (event: E) => {
      told.push(event);
      weight += this.#weigh(event);
      while (weight > MOST_TOLD) weight -= this.#weigh(told.shift() as E);
      for (const listener of listeners) listener(event);
    };
    const forget = () => {
      if (this.#running.get(key) === shared) this.#running.delete(key);
    };
    const result = Promise.resolve()
      .then(() => work(tell, controller.signal))
      .finally(forget);
    result.catch(() => {});
    const shared: Shared<E, T> = {
      async join(hear, signal) {
        signal.throwIfAborted();
        for (const event of told) hear(event);
        listeners.add(hear);
        const { promise: given, reject } = Promise.withResolvers<never>();
        const giveUp = () => reject(signal.reason);
        signal.addEventListener("abort", giveUp, { once: true });
        try {
          return await Promise.race([result, given]);
        } finally {
          signal.removeEventListener("abort", giveUp);
          listeners.delete(hear);
          if (listeners.size === 0) {
            // Who comes now begins anew, and does not wait for the end of what was given up.
            forget();
            controller.abort(signal.reason);
            if (signal.aborted) await result.catch(() => {});
          }
        }
      },
    };
    this.#running.set(key, shared);
    return shared;
  }
}
