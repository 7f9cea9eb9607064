import { spent } from "../../platform/spent.ts";
import { type Changes, watchLog } from "./change.ts";
import { isRotated, type LogFile, openLogFile, openLogFiles, openNextFile } from "./files.ts";
import { type LogForm, LogText, type Wanted } from "./record.ts";
import { findTail } from "./tail.ts";

/** What of a log is wanted. */
export interface LogQuery extends Wanted {
  /** The last so many lines; `null`: all. */
  readonly tail: number | null;
  /** Goes on until `ended` or the signal is aborted. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

const PIECE = 64 * 1024;

/**
 * Reads a container's log, rotated files first, and follows it across rotations, a piece of 64 KB at a time: it reads on
 * only when the consumer asks. `ended`: when nothing will be written any more; what is there by then is still given.
 */
export function readLog(
  path: string,
  query: LogQuery,
  form: LogForm,
  ended?: Promise<unknown>,
): AsyncIterableIterator<Uint8Array> {
  return new LogReader(path, query, form, ended);
}

/**
 * No generator, which holds what it gave last for as long as nobody asks again: one who follows a silent container has
 * nothing in memory but a descriptor and where it stands.
 */
class LogReader implements AsyncIterableIterator<Uint8Array> {
  readonly #path: string;
  readonly #query: LogQuery;
  readonly #text: LogText;
  /** What is left to read, oldest first; the last one stays open, to be followed. */
  #files: LogFile[] | undefined;
  /** In the first of them, and how far it may be read. */
  #offset = 0;
  #end = 0;
  #changes: Changes | undefined;
  #isOver = false;
  readonly #stop = () => {
    this.#isOver = true;
    this.#changes?.wake();
  };
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(path: string, query: LogQuery, form: LogForm, ended: Promise<unknown> | undefined) {
    this.#path = path;
    this.#query = query;
    this.#text = new LogText(query, form);
    if (!query.follow) return;
    ended?.then(this.#stop, this.#stop);
    query.signal.addEventListener("abort", this.#stop);
    const left = query.until === null ? null : Number(query.until / 1_000_000n) - Date.now();
    if (left !== null) this.#timer = setTimeout(this.#stop, Math.min(Math.max(left, 0), 0x7fffffff));
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      if (this.#files === undefined) await this.#open();
      while (!this.#query.signal.aborted && !this.#text.isOver) {
        const wasOver = this.#isOver;
        const value = await this.#piece();
        if (value !== undefined && value.length > 0) return { done: false, value };
        if (value !== undefined || (await this.#goOn())) continue;
        if (!this.#query.follow || wasOver) break;
        this.#changes ??= watchLog(this.#path);
        await this.#changes.next();
      }
    } catch (cause) {
      await this.return();
      throw cause;
    }
    return this.return();
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    const files = this.#files?.splice(0) ?? [];
    this.#query.signal.removeEventListener("abort", this.#stop);
    clearTimeout(this.#timer);
    this.#changes?.[Symbol.dispose]();
    this.#changes = undefined;
    await Promise.all(files.map(({ handle }) => handle.close()));
    return { done: true, value: undefined };
  }

  async #open(): Promise<void> {
    const files = await openLogFiles(this.#path);
    this.#files = files;
    const { tail } = this.#query;
    if (tail === null) return;
    const begin = await findTail(files, tail);
    const isNothing = begin.file === files.length;
    this.#offset = isNothing ? (files.at(-1)?.size ?? 0) : begin.offset;
    const skipped = files.splice(0, isNothing ? files.length - 1 : begin.file);
    await Promise.all(skipped.map(({ handle }) => handle.close()));
  }

  /** The next piece of the first file, if only an empty one; undefined at its end. */
  async #piece(): Promise<Uint8Array | undefined> {
    const file = this.#files?.[0];
    if (file === undefined) return undefined;
    if (this.#offset >= this.#end) {
      // Without following, what is written from now on is not asked for: a fast writer would be followed for ever.
      this.#end = this.#query.follow ? (await file.handle.stat()).size : file.size;
      if (this.#end < this.#offset) this.#offset = 0; // it was cleared
    }
    const size = Math.min(PIECE, this.#end - this.#offset);
    if (size <= 0) return undefined;
    const piece = Buffer.allocUnsafeSlow(size);
    const { bytesRead } = await file.handle.read(piece, 0, size, this.#offset);
    if (bytesRead === 0) return undefined;
    this.#offset += bytesRead;
    spent(size);
    return this.#text.push(piece.subarray(0, bytesRead));
  }

  /** From the end of the first file to the next one, which may have come while that end was read. */
  async #goOn(): Promise<boolean> {
    const files = this.#files ?? [];
    const [file] = files;
    if (files.length > 1) {
      files.shift();
      this.#text.cut();
      [this.#offset, this.#end] = [0, 0];
      await file?.handle.close();
      return true;
    }
    if (!this.#query.follow) return false;
    const next = file === undefined ? await openLogFile(this.#path) : await this.#nextOf(file);
    // What was written to this one before it was rotated is read first.
    if (next !== undefined) files.push(next);
    return next !== undefined;
  }

  async #nextOf(file: LogFile): Promise<LogFile | undefined> {
    return (await isRotated(this.#path, file)) ? await openNextFile(this.#path, file) : undefined;
  }
}
