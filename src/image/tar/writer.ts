/** Writes tar headers: ustar, with a pax header before it where ustar cannot say it. */
import type { EntryTime } from "../tree/entry.ts";
import type { TarEntry, TarType } from "./entry.ts";
import { blockSize } from "./header.ts";

const digits: Readonly<Record<TarType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/** Bytes that follow an entry's data up to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc(-size & (blockSize - 1));
}

/** What ends a tar. */
export const tarEnd: Readonly<Buffer> = Buffer.alloc(2 * blockSize);

// A record's length counts its own digits.
function record(key: string, value: string): Buffer {
  const body = Buffer.from(` ${key}=${value}\n`, "latin1");
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

function timeText({ seconds, nanoseconds }: EntryTime): string {
  if (nanoseconds === 0) return String(seconds);
  const negative = seconds < 0;
  const whole = negative ? -seconds - 1 : seconds;
  const fraction = String(negative ? 1e9 - nanoseconds : nanoseconds)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}.${fraction}`;
}

// ustar splits a long name at a slash into a prefix of 155 bytes and a name of 100.
function splitName(name: string): { prefix: string; name: string } | undefined {
  if (name.length <= 100) return { prefix: "", name };
  const slash = name.indexOf("/", name.length - 101);
  if (slash <= 0 || slash > 155 || slash === name.length - 1) return undefined;
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) };
}

const isAscii = (text: string) => /^[\x01-\x7f]*$/.test(text);
const maxOctal = { id: 0o7777777, size: 0o77777777777 };

function paxRecords(e: TarEntry): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: string) => records.push(record(key, value));
  if (!isAscii(e.name) || splitName(e.name) === undefined) add("path", e.name);
  if (!isAscii(e.linkName) || e.linkName.length > 100) add("linkpath", e.linkName);
  if (e.uid > maxOctal.id) add("uid", String(e.uid));
  if (e.gid > maxOctal.id) add("gid", String(e.gid));
  if (e.size > maxOctal.size) add("size", String(e.size));
  const { seconds, nanoseconds } = e.mtime;
  if (nanoseconds !== 0 || seconds < 0 || seconds > maxOctal.size) add("mtime", timeText(e.mtime));
  for (const [name, value] of e.xattrs) add(`SCHILY.xattr.${name}`, Buffer.from(value).toString("latin1"));
  return records;
}

function octal(block: Buffer, value: number, offset: number, length: number): void {
  const most = 8 ** (length - 1) - 1;
  const digitsOf = Math.max(0, Math.min(value, most))
    .toString(8)
    .padStart(length - 1, "0");
  block.write(`${digitsOf}\0`, offset, length, "latin1");
}

function ustar(type: string, e: Omit<TarEntry, "type" | "xattrs">): Buffer {
  const block = Buffer.alloc(blockSize);
  const split = splitName(e.name) ?? { prefix: "", name: e.name.slice(0, 100) };
  block.write(split.name, 0, 100, "latin1");
  octal(block, e.mode, 100, 8);
  octal(block, e.uid, 108, 8);
  octal(block, e.gid, 116, 8);
  octal(block, e.size, 124, 12);
  octal(block, e.mtime.seconds, 136, 12);
  block.write("        ", 148, 8, "latin1");
  block.write(type, 156, 1, "latin1");
  block.write(e.linkName.slice(0, 100), 157, 100, "latin1");
  block.write("ustar\x0000", 257, 8, "latin1");
  octal(block, e.major, 329, 8);
  octal(block, e.minor, 337, 8);
  block.write(split.prefix, 345, 155, "latin1");
  let sum = 0;
  for (let at = 0; at < blockSize; at++) sum += block[at] ?? 0;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return block;
}

/** The header blocks of an entry, deterministic for the same entry. */
export function tarHeader(e: TarEntry): Buffer {
  const records = paxRecords(e);
  const header = ustar(digits[e.type], e);
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const name = `PaxHeaders.0/${e.name.replace(/[^\x20-\x7e]/g, "_").slice(-80)}`;
  const extended = ustar("x", {
    ...e,
    name,
    linkName: "",
    size: body.length,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    major: 0,
    minor: 0,
  });
  return Buffer.concat([extended, body, tarPadding(body.length), header]);
}
