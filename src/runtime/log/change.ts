import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";

/** Looked at even when the kernel told nothing: it drops what too many changes at once leave no room for (inotify(7)). */
const LOOK_MS = 5000;
/** The same where it tells nothing at all: no inotify instances left. */
const POLL_MS = 500;

/** Waits for changes of a log's folder. */
export interface Changes extends Disposable {
  /** Resolves when something changed since the last call, when `wake` was called, or after some seconds. */
  next(): Promise<void>;
  wake(): void;
}

/** A folder and all who wait for its changes. */
interface Watched {
  readonly wakes: Set<() => void>;
  readonly watcher: FSWatcher | undefined;
  readonly timer: NodeJS.Timeout;
}

const folders = new Map<string, Watched>();

export function watchLog(path: string): Changes {
  const folder = dirname(path);
  let changed = true;
  let resume: (() => void) | undefined;
  const wake = () => {
    changed = true;
    resume?.();
  };
  const watched = folders.get(folder) ?? startWatch(folder);
  watched.wakes.add(wake);
  return {
    wake,
    next() {
      return new Promise<void>((resolve) => {
        resume = () => {
          resume = undefined;
          changed = false;
          resolve();
        };
        if (changed) resume();
      });
    },
    [Symbol.dispose]() {
      watched.wakes.delete(wake);
      if (watched.wakes.size > 0) return;
      folders.delete(folder);
      clearInterval(watched.timer);
      watched.watcher?.close();
    },
  };
}

function startWatch(folder: string): Watched {
  const wakes = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of wakes) wake();
  };
  const watcher = watcherOf(folder, wakeAll);
  const timer = setInterval(wakeAll, watcher === undefined ? POLL_MS : LOOK_MS).unref();
  const watched = { wakes, watcher, timer };
  folders.set(folder, watched);
  return watched;
}

function watcherOf(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
