import type { LogFile } from "./files.ts";
import { endsLine } from "./record.ts";

const BLOCK = 64 * 1024;
const LF = 10;

/** Where to begin reading: a file of the log, and an offset in it. */
export interface LogPosition {
  readonly file: number;
  readonly offset: number;
}

/** Offsets and bytes of the records of one file, last one first, with memory for a block and one record. */
async function* recordsBackwards(file: LogFile): AsyncGenerator<{ offset: number; record: Buffer }> {
  let position = file.size;
  let rest = Buffer.alloc(0);
  while (position > 0) {
    const size = Math.min(BLOCK, position);
    position -= size;
    const block = Buffer.alloc(size);
    await file.handle.read(block, 0, size, position);
    const bytes = rest.length === 0 ? block : Buffer.concat([block, rest]);
    let end = bytes.length;
    while (end >= 2) {
      // The byte at end - 1 is the record's own line feed.
      const before = bytes.lastIndexOf(LF, end - 2);
      if (before === -1) break;
      yield { offset: position + before + 1, record: bytes.subarray(before + 1, end) };
      end = before + 1;
    }
    rest = Buffer.from(bytes.subarray(0, end));
  }
  if (rest.length > 0) yield { offset: 0, record: rest };
}

/**
 * Where the last `lines` lines begin. Lines of both streams count, as in Docker; output after the last line feed
 * counts as a line.
 */
export async function findTail(files: readonly LogFile[], lines: number): Promise<LogPosition> {
  let left = lines;
  let isLast = true;
  let begin: LogPosition = { file: files.length, offset: 0 };
  for (let file = files.length - 1; file >= 0; file--) {
    const handle = files[file];
    if (handle === undefined) continue;
    for await (const { offset, record } of recordsBackwards(handle)) {
      if (endsLine(record) || isLast) {
        if (left === 0) return begin;
        left--;
      }
      isLast = false;
      begin = { file, offset };
    }
  }
  return begin;
}
