/** Lets the verbs of one container happen one after the other, so that concurrent start, rm and cp are safe. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Holds the turn until the answered function is called. */
  async hold(): Promise<() => void> {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    this.run(() => {
      begin();
      return held;
    });
    await begun;
    return release;
  }
}
