import { expect, test } from "bun:test";
import { appendFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { demultiplexer } from "../../../src/oci/stream-frames.ts";
import { type LogQuery, readLog } from "../../../src/runtime/log/read.ts";
import type { LogForm } from "../../../src/runtime/log/record.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const everything: LogQuery = {
  stdout: true,
  stderr: true,
  since: null,
  until: null,
  tail: null,
  follow: false,
  signal: new AbortController().signal,
};

function record(second: number, text: string, stream = "stdout", tag = "F"): string {
  return `2026-11-24T01:02:${String(second).padStart(2, "0")}.000000007Z ${stream} ${tag} ${text}\n`;
}

const timeOf = (second: number): bigint => BigInt(Date.UTC(2026, 10, 24, 1, 2, second)) * 1_000_000n + 7n;

const plain: LogForm = { framed: false, timestamps: false, details: "" };
const inFrames: LogForm = { ...plain, framed: true };

type Frame = readonly [stream: string, text: string];

function framesOf(piece: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  demultiplexer((stream, bytes) => void frames.push([stream, Buffer.from(bytes).toString()]))(piece);
  return frames;
}

async function frames(
  path: string,
  query: Partial<LogQuery> = {},
  form = inFrames,
  ended?: Promise<unknown>,
): Promise<Frame[]> {
  const found: Frame[] = [];
  for await (const piece of readLog(path, { ...everything, ...query }, form, ended))
    found.push(...framesOf(piece));
  return found;
}

async function texts(path: string, query?: Partial<LogQuery>, ended?: Promise<unknown>): Promise<string[]> {
  return (await frames(path, query, inFrames, ended)).map(([, text]) => text);
}

test("records give back the bytes that the program wrote, with their stream and time, in frames or not", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  writeFileSync(path, record(1, "prompt", "stdout", "P") + record(2, "bad", "stderr") + record(3, " answer"));
  expect(await frames(path)).toEqual([
    ["stdout", "prompt"],
    ["stderr", "bad\n"],
    ["stdout", " answer\n"],
  ]);
  expect(await frames(path, {}, { ...inFrames, timestamps: true, details: "a=b " })).toEqual([
    ["stdout", "2026-11-24T01:02:01.000000007Z a=b prompt"],
    ["stderr", "2026-11-24T01:02:02.000000007Z a=b bad\n"],
    ["stdout", "2026-11-24T01:02:03.000000007Z a=b  answer\n"],
  ]);
  expect((await frames(path, {}, { ...inFrames, timestamps: true }))[0]).toEqual([
    "stdout",
    "2026-11-24T01:02:01.000000007Z prompt",
  ]);
  const raw = await Array.fromAsync(readLog(path, everything, plain));
  expect(Buffer.concat(raw).toString()).toBe("promptbad\n answer\n");
});

test("records of any length come whole through pieces of any size", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  const lines = Array.from({ length: 3000 }, (_, n) => "z".repeat((n * 37) % 700));
  writeFileSync(path, lines.map((line, n) => record(n % 60, line)).join(""));
  const long = { timestamps: true, details: `${"d".repeat(300)} ` };
  expect(await texts(path)).toEqual(lines.map((line) => `${line}\n`));
  for (const [, text] of await frames(path, {}, { ...inFrames, ...long }))
    expect(text).toMatch(/^2026-11-24T01:02:\d\d\.000000007Z d{300} z*\n$/);
});

test("rotated files are read first, oldest first", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  writeFileSync(`${path}.2`, record(1, "a"));
  writeFileSync(`${path}.1`, record(2, "b"));
  writeFileSync(path, record(3, "c"));
  expect(await texts(path)).toEqual(["a\n", "b\n", "c\n"]);
});

test("tail counts lines over rotated files and over blocks, since and until bound by time, streams filter", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  const long = "x".repeat(16_000);
  writeFileSync(`${path}.1`, Array.from({ length: 9 }, (_, i) => record(i, `${i}${long}`)).join(""));
  writeFileSync(path, record(10, "ten", "stderr") + record(11, "eleven") + record(12, "par", "stdout", "P"));
  const short = async (query: Partial<LogQuery>) =>
    (await texts(path, query)).map((text) => text.slice(0, 6).trim());
  expect(await short({ tail: 0 })).toEqual([]);
  expect(await short({ tail: 1 })).toEqual(["par"]);
  expect(await short({ tail: 3 })).toEqual(["ten", "eleven", "par"]);
  expect(await short({ tail: 10 })).toEqual([
    "2xxxxx",
    "3xxxxx",
    "4xxxxx",
    "5xxxxx",
    "6xxxxx",
    "7xxxxx",
    "8xxxxx",
    "ten",
    "eleven",
    "par",
  ]);
  expect(await short({ tail: 99 })).toHaveLength(12);
  expect(await short({ since: timeOf(10) })).toEqual(["ten", "eleven", "par"]);
  expect(await short({ since: timeOf(8), until: timeOf(10), stdout: false })).toEqual(["ten"]);
});

test("what is not a record is left out, and the rest is still read", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  writeFileSync(
    path,
    `${record(1, "good")}garbage\n\n2026-99-99T01:02:03.000000000Z stdout F no\n2026-11-24T01:02:01.000000007Z stdxut F a\n${record(2, "too")}2026-11`,
  );
  expect(await texts(path)).toEqual(["good\n", "too\n"]);
});

test("a log that is not there is empty", async () => {
  using folder = temporaryFolder("log");
  expect(await texts(join(folder.path, "none.log"))).toEqual([]);
});

test("following crosses rotations without loss or repetition, and ends when the container ended", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  writeFileSync(path, record(0, "0"));
  const over = Promise.withResolvers<void>();
  const followed = texts(path, { follow: true }, over.promise);
  for (let i = 1; i <= 300; i++) {
    appendFileSync(path, record(i % 60, String(i)));
    if (i % 40 === 0) {
      // Late bytes for the file that is rotated, and no file under the log's name for a moment.
      renameSync(path, `${path}.1`);
      if (i % 80 === 0) await Bun.sleep(3);
      writeFileSync(path, "");
      await Bun.sleep(20);
    }
    if (i % 7 === 0) await Bun.sleep(1);
  }
  over.resolve();
  expect((await followed).map((text) => Number(text))).toEqual(Array.from({ length: 301 }, (_, i) => i));
});

test("following tells a new line within a tenth of a second, and stops when it is aborted", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  writeFileSync(path, record(0, "old"));
  const abort = new AbortController();
  const reader = readLog(path, { ...everything, follow: true, tail: 0, signal: abort.signal }, plain);
  const first = reader.next();
  await Bun.sleep(50);
  const before = performance.now();
  appendFileSync(path, record(1, "new"));
  const { value } = await first;
  expect(Buffer.from(value ?? []).toString()).toBe("new\n");
  expect(performance.now() - before).toBeLessThan(100);
  const second = reader.next();
  abort.abort();
  expect((await second).done).toBe(true);
});

test("following begins before the log exists, and goes on after it was cleared", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  const over = Promise.withResolvers<void>();
  const followed = texts(path, { follow: true }, over.promise);
  await Bun.sleep(20);
  writeFileSync(path, record(0, "first line that is long"));
  await Bun.sleep(50);
  truncateSync(path, 0);
  await Bun.sleep(50);
  appendFileSync(path, record(1, "second"));
  await Bun.sleep(50);
  over.resolve();
  expect(await followed).toEqual(["first line that is long\n", "second\n"]);
});

test("a slow reader of a large log costs a piece of it, not the log", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  const line = record(1, "y".repeat(1000));
  for (let i = 0; i < 10; i++) appendFileSync(path, line.repeat(5000));
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  let most = 0;
  let count = 0;
  let pieces = 0;
  for await (const piece of readLog(path, everything, inFrames)) {
    count += framesOf(piece).length;
    if (++pieces % 150 !== 0) continue;
    await Bun.sleep(5);
    Bun.gc(true);
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  expect(count).toBe(50_000);
  expect(most).toBeLessThan(24 * 1024 * 1024);
}, 30_000);

test("a log that grows while it is read ends where it stood, unless it is followed", async () => {
  using folder = temporaryFolder("log");
  const path = join(folder.path, "c.log");
  writeFileSync(path, record(1, "a") + record(2, "b"));
  const found: string[] = [];
  for await (const piece of readLog(path, { ...everything, tail: 1 }, plain)) {
    found.push(Buffer.from(piece).toString());
    if (found.length < 100) appendFileSync(path, record(3, "more"));
  }
  expect(found).toEqual(["b\n"]);
});
