import { open } from "node:fs/promises";
import { spent } from "../../platform/spent.ts";

/** What grows and then ends. */
export interface Growing {
  /** Whether nothing more comes; what has come is all there by then. */
  isOver(): boolean;
  /** Resolves at what comes next, and at the end. */
  next(): Promise<void>;
}

export function growing(): Growing & { grown(): void; end(): void } {
  let news = Promise.withResolvers<void>();
  let over = false;
  const grown = () => {
    news.resolve();
    news = Promise.withResolvers();
  };
  return {
    ...{ isOver: () => over, next: () => news.promise, grown },
    end() {
      over = true;
      grown();
    },
  };
}

/** Bytes that are read at once. */
const PIECE = 64 * 1024;

/**
 * A file from its beginning, and what is written to it until it is over. It is read as it is asked for: who takes nothing
 * costs a descriptor, and holds up nobody. Rejects when the signal is aborted.
 */
export async function* followed(
  path: string,
  growth: Growing,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  const { promise: given, reject } = Promise.withResolvers<never>();
  given.catch(() => {});
  const giveUp = () => reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      // Both before it is read: what comes in between is not missed.
      const [isOver, next] = [growth.isOver(), growth.next()];
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(PIECE), 0, PIECE, null);
      spent(PIECE);
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      else if (isOver) return;
      else await Promise.race([next, given]);
    }
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
