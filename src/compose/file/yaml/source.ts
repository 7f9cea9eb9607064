import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { InroError } from "../../../oci/error.ts";
import { composeError, composeNotFound } from "../error.ts";
import type { Place } from "../node.ts";

/** A file's text, and how places in it are told. */
export interface Source {
  /** As messages name it. */
  readonly name: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** Of an offset in the text. */
  at(offset: number): Place;
}

/** More is no file that a person has written, and whatever reads it would hold all of it. */
const LARGEST = 16 << 20;

/** The bytes of a file, of a pipe, or of standard input (`-`). */
export function readBytes(path: string, name: string, missing = "cannot read the Compose file"): Uint8Array {
  let descriptor = 0;
  try {
    // Opening a pipe waits for whoever writes to it, unless one says not to.
    if (path !== "-") descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const chunks: Uint8Array[] = [];
    for (let size = 0; ; ) {
      const chunk = new Uint8Array(64 << 10);
      const length = readSome(descriptor, chunk);
      if (length === 0 && size === 0 && fstatSync(descriptor).isFIFO() && path !== "-")
        throw composeError(undefined, `${missing} ${name}`, "it is a pipe that nobody writes to");
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
      size += length;
      if (size > LARGEST) throw composeError(undefined, `${missing} ${name}`, "it is larger than 16 MiB");
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw composeNotFound(`${missing} ${name}`, "there is none");
    if (code === "EISDIR") throw composeError(undefined, `${missing} ${name}`, "it is a folder");
    if (code === "EACCES") throw composeError(undefined, `${missing} ${name}`, "this user may not read it");
    if (error instanceof InroError) throw error;
    throw composeError(undefined, `${missing} ${name}`, (error as Error).message);
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

/** How much was read; where a pipe has nothing yet, but somebody who writes to it, that is waited for. */
function readSome(descriptor: number, chunk: Uint8Array): number {
  for (;;)
    try {
      return readSync(descriptor, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
}

/** What the bytes say in UTF-8, with or without a byte order mark; other bytes are refused at their place. */
export function sourceOf(name: string, bytes: Uint8Array): Source {
  const text = new TextDecoder("utf-8").decode(bytes);
  const lines = text.split(/\r\n|[\r\n]/);
  const starts: number[] = [0];
  for (const match of text.matchAll(/\r\n|[\r\n]/g)) starts.push(match.index + match[0].length);
  const at = (offset: number): Place => {
    let low = 0;
    for (let high = starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { file: name, line: low + 1, column: offset - (starts[low] ?? 0) + 1, lines };
  };
  const wrong = text.indexOf("\uFFFD");
  if (wrong >= 0 && !isUtf8(bytes))
    throw composeError(at(wrong), "cannot read the file", "it is not UTF-8 here", "save it as UTF-8");
  return { name, text, lines, at };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
