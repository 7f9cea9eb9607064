import { spent } from "../../platform/spent.ts";
import { type Changes, watchLog } from "./change.ts";
import { isRotated, type LogFile, openLogFile, openLogFiles, openNextFile } from "./files.ts";
import { type LogEntry, RecordReader } from "./record.ts";
import { findTail } from "./tail.ts";

/** What of a log is wanted. */
export interface LogQuery {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since 1970. */
  readonly since: bigint | null;
  readonly until: bigint | null;
  /** The last so many lines; `null`: all. */
  readonly tail: number | null;
  /** Goes on until `ended` or the signal is aborted. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

const PIECE = 64 * 1024;

/**
 * Reads a container's log, rotated files first, and follows it across rotations: as many entries at once as a piece of
 * 64 KB holds, of which it has one at a time, and it reads on only when the consumer asks. `ended`: when nothing will be
 * written any more; what is there by then is still given.
 */
export async function* readLog(
  path: string,
  query: LogQuery,
  ended?: Promise<unknown>,
): AsyncGenerator<readonly LogEntry[]> {
  const files = await openLogFiles(path);
  const reader = new RecordReader();
  try {
    const begin = query.tail === null ? { file: 0, offset: 0 } : await findTail(files, query.tail);
    // The last file stays open: it is the one to follow.
    let last: Reading | undefined;
    for (const [number, file] of files.entries()) {
      const skipped = number < begin.file && begin.file < files.length;
      last = { file, offset: number === begin.file ? begin.offset : 0 };
      if (skipped) continue;
      if (begin.file === files.length) last.offset = file.size;
      // Without following, what is written from now on is not asked for: a fast writer would be followed for ever.
      else if (yield* readToEnd(last, reader, query, query.follow ? Number.POSITIVE_INFINITY : file.size))
        return;
      if (number < files.length - 1) reader.cut();
    }
    if (query.follow) yield* follow(path, last, files, reader, query, ended);
  } finally {
    await Promise.all(files.map((file) => file.handle.close()));
  }
}

interface Reading {
  file: LogFile;
  offset: number;
}

/** Everything from the offset to the limit or the file's present end. Returns true when `until` was reached or the signal aborted. */
async function* readToEnd(
  from: Reading,
  reader: RecordReader,
  query: LogQuery,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly LogEntry[], boolean> {
  let known = from.offset;
  while (!query.signal.aborted) {
    if (from.offset >= known) known = Math.min((await from.file.handle.stat()).size, limit);
    // Who follows looks often, and mostly there is nothing.
    const size = Math.min(PIECE, known - from.offset);
    if (size <= 0) return false;
    const piece = Buffer.allocUnsafeSlow(size);
    const { bytesRead } = await from.file.handle.read(piece, 0, size, from.offset);
    if (bytesRead === 0) return false;
    from.offset += bytesRead;
    const entries = reader.push(piece.subarray(0, bytesRead));
    const { until, since } = query;
    const over = until === null ? -1 : entries.findIndex(({ time }) => time > until);
    const wanted = (over === -1 ? entries : entries.slice(0, over)).filter(
      ({ time, stream }) => query[stream] && (since === null || time >= since),
    );
    if (wanted.length > 0) yield wanted;
    if (over !== -1) return true;
    spent(size);
  }
  return true;
}

async function* follow(
  path: string,
  start: Reading | undefined,
  files: LogFile[],
  reader: RecordReader,
  query: LogQuery,
  ended: Promise<unknown> | undefined,
): AsyncGenerator<readonly LogEntry[]> {
  using changes = watchLog(path);
  using stop = stopper(changes, query, ended);
  let at = start;
  for (;;) {
    const isOver = stop.isOver;
    at ??= await begin(path, files);
    if (at !== undefined && (yield* readToEnd(at, reader, query))) return;
    if (query.signal.aborted) return;
    const next = at === undefined ? undefined : await advance(path, at, files, reader, query);
    if (next !== undefined) {
      // What came into the old file after its end was read and before it was rotated.
      if (yield* next.rest) return;
      at = next.reading;
      continue;
    }
    if (isOver) return;
    await changes.next();
  }
}

async function begin(path: string, files: LogFile[]): Promise<Reading | undefined> {
  const file = await openLogFile(path);
  if (file === undefined) return undefined;
  files.push(file);
  return { file, offset: 0 };
}

/** When the log was rotated: what is left of this file, and the next one. */
async function advance(
  path: string,
  at: Reading,
  files: LogFile[],
  reader: RecordReader,
  query: LogQuery,
): Promise<{ rest: AsyncGenerator<readonly LogEntry[], boolean>; reading: Reading } | undefined> {
  if (!(await isRotated(path, at.file))) {
    const { size } = await at.file.handle.stat();
    if (size < at.offset) at.offset = 0; // it was cleared
    return undefined;
  }
  const file = await openNextFile(path, at.file);
  if (file === undefined) return undefined;
  files.push(file);
  const rest = async function* (): AsyncGenerator<readonly LogEntry[], boolean> {
    const isOver = yield* readToEnd(at, reader, query);
    reader.cut();
    files.splice(files.indexOf(at.file), 1);
    await at.file.handle.close();
    return isOver;
  };
  return { rest: rest(), reading: { file, offset: 0 } };
}

/** Tells when following is over: the container ended, the signal was aborted, or the clock passed `until`. */
function stopper(
  changes: Changes,
  query: LogQuery,
  ended: Promise<unknown> | undefined,
): Disposable & { readonly isOver: boolean } {
  let isOver = false;
  const stop = () => {
    isOver = true;
    changes.wake();
  };
  ended?.then(stop, stop);
  query.signal.addEventListener("abort", stop);
  const left = query.until === null ? null : Number(query.until / 1_000_000n) - Date.now();
  const timer = left === null ? undefined : setTimeout(stop, Math.min(Math.max(left, 0), 0x7fffffff));
  return {
    get isOver() {
      return isOver;
    },
    [Symbol.dispose]() {
      query.signal.removeEventListener("abort", stop);
      clearTimeout(timer);
    },
  };
}
