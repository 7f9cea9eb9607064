/** Extended headers (POSIX.1-2001 pax): records of "length key=value\n", all of it bytes. */
import type { EntryTime, Xattr } from "../tree/entry.ts";
import { TarError } from "./error.ts";

export interface Pax {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: EntryTime;
  readonly xattrs: readonly Xattr[];
}

const xattrPrefix = "SCHILY.xattr.";
const maxXattrs = 512;

function* records(body: Buffer): Generator<[key: string, value: Buffer]> {
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 || space - at > 10 ? "" : body.toString("latin1", at, space);
    const end = at + Number(digits);
    if (!/^[1-9][0-9]*$/.test(digits) || end > body.length || body[end - 1] !== 0x0a || end <= space + 1) {
      throw new TarError("an extended header has a malformed record");
    }
    const equals = body.indexOf(0x3d, space + 1);
    if (equals < 0 || equals >= end) throw new TarError("an extended header has a record without a key");
    yield [body.toString("latin1", space + 1, equals), body.subarray(equals + 1, end - 1)];
    at = end;
  }
}

function decimal(value: string, key: string): number {
  const number = Number(value);
  if (!/^-?[0-9]+$/.test(value) || !Number.isSafeInteger(number)) {
    throw new TarError(`an extended header's ${key} is no number in range`);
  }
  return number;
}

// A negative time with a fraction counts up from the second before: -1.25 is -2 s and 750,000,000 ns.
function time(value: string): EntryTime {
  const parts = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (parts === null) throw new TarError("an extended header's mtime is no time");
  const whole = Number(parts[2]);
  const nanoseconds = Number((parts[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (parts[1] === "") return { seconds: whole, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -whole, nanoseconds: 0 }
    : { seconds: -whole - 1, nanoseconds: 1e9 - nanoseconds };
}

/** Reads one extended header. Keys that say nothing about a file's tree (atime, comment, …) are passed over. */
export function parsePax(body: Buffer): Pax {
  const fields: { -readonly [K in keyof Pax]?: Pax[K] } = {};
  const xattrs = new Map<string, Uint8Array>();
  for (const [key, value] of records(body)) {
    const text = value.toString("latin1");
    if (key.startsWith("GNU.sparse.")) throw new TarError("sparse files are not supported in layers");
    if (key.startsWith(xattrPrefix)) {
      // The chunk that holds the value is reused.
      xattrs.set(key.slice(xattrPrefix.length), Uint8Array.from(value));
      if (xattrs.size > maxXattrs)
        throw new TarError(`a file has more than ${maxXattrs} extended attributes`);
    } else if (key === "path" || key === "linkpath") {
      if (value.includes(0)) throw new TarError(`an extended header's ${key} holds a NUL`);
      fields[key] = text;
    } else if (key === "size" || key === "uid" || key === "gid") fields[key] = decimal(text, key);
    else if (key === "mtime") fields.mtime = time(text);
  }
  return { ...fields, xattrs: [...xattrs] };
}
