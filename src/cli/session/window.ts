export interface WindowSize {
  readonly h: number;
  readonly w: number;
}

/** The size of our terminal; undefined when standard output is none. */
export function windowSize(): WindowSize | undefined {
  const { rows, columns, isTTY } = process.stdout;
  return isTTY && rows > 0 && columns > 0 ? { h: rows, w: columns } : undefined;
}

/** Tells the other side our window's size whenever it changes; answers how to stop. */
export function followWindow(tell: (size: WindowSize) => Promise<unknown>): () => void {
  const changed = () => {
    process.stdout._refreshSize?.();
    const size = windowSize();
    // The other side may have ended already.
    if (size !== undefined) void tell(size).catch(() => {});
  };
  process.on("SIGWINCH", changed);
  return () => void process.off("SIGWINCH", changed);
}

declare global {
  namespace NodeJS {
    interface WriteStream {
      /** Reads the size anew (node:tty); without it the size known may be the old one while SIGWINCH is handled. */
      _refreshSize?(): void;
    }
  }
}
