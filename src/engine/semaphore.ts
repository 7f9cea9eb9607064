/**
 * Work of which only so much is under way at once, in the order in which it came. What takes longer than `patience`
 * (milliseconds) goes on beside what follows it: nothing that hangs holds up the others.
 */
export class Semaphore {
  #free: number;
  readonly #patience: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number, patience: number) {
    this.#free = most;
    this.#patience = patience;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((begin) => this.#waiting.push(begin));
    let isHeld = true;
    const release = () => {
      if (!isHeld) return;
      isHeld = false;
      const begin = this.#waiting.shift();
      if (begin === undefined) this.#free++;
      else begin();
    };
    const timer = setTimeout(release, this.#patience);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      release();
    }
  }
}
