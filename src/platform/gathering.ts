import { spent } from "./spent.ts";

/** Of each text: itself, the whole that it is part of, and the bytes that are made of that. */
const COPIES = 3;

/** Characters from which on what was gathered does not wait. */
const MOST = 64 * 1024;

export interface Gathering {
  add(text: string): void;
  /** Hands on what waits, at once. */
  flush(): void;
}

/**
 * Gathers texts until the event loop comes round, so that many small ones that come at once are handed on as one, of
 * which whoever takes it makes bytes and drops them.
 */
export function gathering(take: (text: string) => void): Gathering {
  let texts: string[] = [];
  let length = 0;
  const flush = () => {
    if (texts.length === 0) return;
    const whole = texts.join("");
    texts = [];
    length = 0;
    take(whole);
    spent(COPIES * whole.length);
  };
  return {
    add(text) {
      if (texts.length === 0) setImmediate(flush);
      texts.push(text);
      length += text.length;
      if (length > MOST) flush();
    },
    flush,
  };
}
