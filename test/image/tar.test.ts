import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { extract, pack } from "tar-stream";
import type { TarEntry } from "../../src/image/tar/entry.ts";
import { measureTar, tarMeter } from "../../src/image/tar/meter.ts";
import { tarReader } from "../../src/image/tar/reader.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { blocksOf, forged, type Item, tar } from "./fixtures.ts";

function read(bytes: Uint8Array, step = bytes.length): { entry: TarEntry; data: Buffer }[] {
  const found: { entry: TarEntry; data: Buffer }[] = [];
  const reader = tarReader({
    entry: (entry) => found.push({ entry, data: Buffer.alloc(0) }),
    data: (part) => {
      const last = found.at(-1);
      if (last !== undefined) last.data = Buffer.concat([last.data, part]);
    },
  });
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  reader.end();
  return found;
}

const long = `${"d/".repeat(120)}${"n".repeat(200)}`;
const items: Item[] = [
  { name: "etc/", mode: 0o755, mtime: { seconds: 1, nanoseconds: 250_000_000 } },
  { name: "etc/motd", content: "x".repeat(1000), uid: 1000, gid: 4_000_000_000 },
  { name: long, content: "deep" },
  { name: "ü/mlaut", content: "", mtime: { seconds: -2, nanoseconds: 750_000_000 } },
  { name: "link", type: "symlink", linkName: "/".padEnd(300, "t") },
  { name: "hard", type: "hardlink", linkName: "etc/motd" },
  { name: "null", type: "character", major: 1, minor: 3 },
  {
    name: "cap",
    content: "c",
    xattrs: [["security.capability", Uint8Array.of(1, 0, 0, 2, 0, 0x80, 0xff, 10, 61)]],
  },
];

test("what is written is read again, at any size of chunks", () => {
  const bytes = tar(...items);
  const whole = read(bytes);
  for (const [i, item] of items.entries()) {
    const { entry, data } = whole[i] as (typeof whole)[number];
    expect(Buffer.from(entry.name, "latin1").toString()).toBe(item.name);
    expect(data.toString()).toBe(String(item.content ?? ""));
    for (const key of ["uid", "gid", "mtime", "linkName", "major", "minor"] as const) {
      if (item[key] !== undefined) expect(entry[key] as unknown).toEqual(item[key]);
    }
    expect(entry.xattrs).toEqual(item.xattrs ?? []);
  }
  for (const step of [1, 7, 511, 513, 4096]) expect(read(bytes, step)).toEqual(whole);
});

function measured(bytes: Uint8Array): number {
  using folder = temporaryFolder("tar");
  const path = join(folder.path, "layer");
  writeFileSync(path, bytes);
  return measureTar(path);
}

test("the bytes of a tar's files are counted, in a file and as it passes by", () => {
  const all = [
    ...items,
    { name: "large", content: Buffer.alloc(200_000, 1) },
    { name: "last", content: "abc" },
  ];
  const bytes = all.reduce((sum, { content = "" }) => sum + content.length, 0);
  expect(measured(tar(...all))).toBe(bytes);
  const meter = tarMeter();
  for (const byte of tar(...all)) meter.see(Uint8Array.of(byte));
  expect(meter.bytes).toBe(bytes);
});

test("tar-stream reads what we write, and we read what it writes", async () => {
  const names: string[] = [];
  const parser = extract();
  parser.on("entry", (header, stream, next) => {
    names.push(header.name);
    stream.on("end", next).resume();
  });
  const ended = new Promise<void>((resolve) => parser.on("finish", () => resolve()));
  parser.end(tar(...items.slice(0, 6)));
  await ended;
  expect(names).toEqual(items.slice(0, 6).map(({ name }) => name));

  const packer = pack();
  packer.entry({ name: long, mode: 0o600, uid: 5 }, "content");
  packer.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of packer) parts.push(part as Uint8Array);
  const [first] = read(Buffer.concat(parts));
  expect(first?.entry.name).toBe(long);
  expect(first?.data.toString()).toBe("content");
});

test("GNU's long names, base-256 numbers and old archives without a magic", () => {
  const name = `${"long/".repeat(40)}file`;
  const longName = forged({ name: "././@LongLink", content: `${name}\0` }, (block) =>
    block.write("L", 156, "latin1"),
  );
  const big = forged({ name: "short", content: "abc" }, (block) => {
    block.fill(0, 108, 116);
    block.writeUInt8(0x80, 108);
    block.writeUInt32BE(3_000_000, 112);
  });
  const old = forged({ name: "folder/", type: "file" }, (block) => block.fill(0, 257, 265));
  const [first, second] = read(Buffer.concat([longName, big, old, Buffer.alloc(1024)]));
  expect(first?.entry).toMatchObject({ name, uid: 3_000_000, size: 3 });
  expect(second?.entry).toMatchObject({ name: "folder/", type: "directory" });
});

describe("a hostile tar is refused", () => {
  const size = (text: string) => (block: Buffer) => block.write(text, 124, 12, "latin1");
  const negative = (block: Buffer) => block.fill(0xff, 124, 136);
  const huge = (block: Buffer) => {
    block.fill(0, 124, 136);
    block.writeUInt8(0x80, 124);
    block.writeUInt8(0x7f, 128);
  };
  const hugePax = (block: Buffer) => {
    block.write("x", 156, "latin1");
    size("77777777777\0")(block);
  };
  const pax = (body: string) =>
    forged({ name: "pax", content: body }, (block) => block.write("x", 156, "latin1"));
  const cases: [what: string, bytes: Uint8Array, why: string][] = [
    ["a damaged header", Buffer.alloc(512, 0x41), "the checksum of a header is no number"],
    [
      "a wrong checksum",
      Buffer.from(blocksOf({ name: "x" }).map((b, i) => (i === 0 ? 0x79 : b))),
      "checksum is wrong",
    ],
    ["a negative size", forged({ name: "x" }, negative), "its size is negative"],
    ["a size beyond 2^53", forged({ name: "x" }, huge), "out of range"],
    ["a size that is no number", forged({ name: "x" }, size("12z4567890\0")), "no number"],
    ["an extended header of 7 GiB", forged({ name: "x" }, hugePax), "beyond 524288"],
    ["a pax record that runs over its end", pax("99 path=a\n"), "malformed record"],
    ["a pax record of length 0", pax("0 path=a\n"), "malformed record"],
    [
      "a pax size that is negative",
      Buffer.concat([pax("11 size=-1\n"), blocksOf({ name: "x" })]),
      "its size is negative",
    ],
    ["a pax size with an exponent", pax("12 size=1e9\n"), "no number"],
    ["a pax path with a NUL", pax("12 path=a\0b\n"), "holds a NUL"],
    [
      "a GNU sparse file",
      forged({ name: "x" }, (b) => b.write("S", 156, "latin1")),
      "sparse files are not supported",
    ],
    ["a pax sparse file", pax("22 GNU.sparse.major=1\n"), "sparse files are not supported"],
    [
      "an owner beyond 32 bits",
      Buffer.concat([pax("18 uid=4294967295\n"), blocksOf({ name: "x" })]),
      "out of range",
    ],
    ["an unknown type", forged({ name: "x" }, (b) => b.write("Z", 156, "latin1")), 'type "Z"'],
    [
      "an end in the middle",
      blocksOf({ name: "x", content: "abc" }).subarray(0, 514),
      "in the middle of an entry",
    ],
  ];
  for (const [what, bytes, why] of cases) test(what, () => expect(() => read(bytes)).toThrow(why));

  test("what is none that could be unpacked weighs what came before", () => {
    const minus = forged({ name: "x" }, size("-0000001000\0"));
    const refused = cases.filter(([what]) => what !== "an end in the middle").map(([, bytes]) => bytes);
    for (const bytes of [...refused, minus])
      expect(measured(Buffer.concat([blocksOf({ name: "a", content: "abc" }), bytes]))).toBe(3);
  });
});

test("the last entry's padding may be missing, as in what the docker CLI sends", () => {
  const [entry] = read(blocksOf({ name: "x", content: "abc" }).subarray(0, 515));
  expect([entry?.entry.name, entry?.data.toString()]).toEqual(["x", "abc"]);
});
