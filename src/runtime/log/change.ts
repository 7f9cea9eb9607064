import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";

/** Looked at even when the kernel told nothing: a network file system tells nothing. */
const POLL_MS = 1000;

/** Waits for changes of a log's folder. */
export interface Changes extends Disposable {
  /** Resolves when something changed since the last call, when `wake` was called, or after a second. */
  next(): Promise<void>;
  wake(): void;
}

export function watchLog(path: string): Changes {
  let changed = true;
  let resume: (() => void) | undefined;
  const wake = () => {
    changed = true;
    resume?.();
  };
  const watcher = startWatch(dirname(path), wake);
  return {
    wake,
    next() {
      return new Promise<void>((resolve) => {
        const timer = setTimeout(() => resume?.(), POLL_MS);
        resume = () => {
          clearTimeout(timer);
          resume = undefined;
          changed = false;
          resolve();
        };
        if (changed) resume();
      });
    },
    [Symbol.dispose]: () => watcher?.close(),
  };
}

/** Without a watcher (no inotify instances left) the poll alone serves. */
function startWatch(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
