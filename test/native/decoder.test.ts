import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { encodeActs, encodeFrame } from "../../src/kernel/plan/encode.ts";
import { emptyPlan } from "../../src/kernel/plan/plan.ts";
import { sampleOp, samplePlan } from "../kernel/plan/sample.ts";
import { fuzzProgram } from "./fuzz.ts";

const roundtrip = (acts: Uint8Array) =>
  spawnSync(fuzzProgram(), ["roundtrip"], { input: acts, maxBuffer: 1 << 26 });

test.each([0, 1, 2, 3, 4, 5, 6, 7])(
  "the native side decodes what is encoded here, every operation and field (%d)",
  (seed) => {
    const acts = encodeActs(samplePlan(seed));
    const { status, stdout, stderr } = roundtrip(acts);
    expect(stderr.toString()).toBe("");
    expect(status).toBe(0);
    expect(stdout.equals(acts)).toBe(true);
  },
);

test("an operation in an act where it may not stand is refused before anything runs", () => {
  const acts = encodeActs({ ...emptyPlan, host: [sampleOp("exec", 2)] });
  expect(roundtrip(acts).status).toBe(2);
});

test("a text that holds a NUL, a slot out of range and a length that lies are refused", () => {
  const good = Buffer.from(encodeActs({ ...emptyPlan, build: [sampleOp("hostname", 2)] }));
  expect(roundtrip(good).status).toBe(0);
  const at = good.indexOf("/etc/passwd");
  const nul = Buffer.from(good);
  nul[at + 1] = 0;
  expect(roundtrip(nul).status).toBe(2);
  const long = Buffer.from(good);
  long.writeUInt32LE(0xffffffff, at - 4);
  expect(roundtrip(long).status).toBe(2);
  const slot = Buffer.from(encodeActs({ ...emptyPlan, build: [sampleOp("pivot", 0)] }));
  const countsAfterIt = 3 * 4;
  expect(slot.readUInt16LE(slot.length - countsAfterIt - 2)).toBe(0);
  slot.writeUInt16LE(4096, slot.length - countsAfterIt - 2);
  expect(roundtrip(slot).status).toBe(2);
});

test("the decoders hold against random and mutated messages (INRO_FUZZ_SECONDS runs longer)", () => {
  const seconds = process.env["INRO_FUZZ_SECONDS"] ?? "4";
  const messages = [
    ...[0, 1, 2, 3].map((seed) => encodeActs(samplePlan(seed))),
    encodeFrame("exec", 1, {
      session: "x",
      stdin: true,
      stdout: true,
      stderr: true,
      acts: samplePlan(1),
    }).subarray(12),
    encodeFrame("attach", 1, { session: "", stdin: true, stdout: true, stderr: true, logs: false }).subarray(
      12,
    ),
    encodeFrame("batch", 1, { stop: true, ops: samplePlan(2).host }).subarray(12),
    new Uint8Array(64),
  ];
  const corpus = Buffer.concat(
    messages.flatMap((message) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(message.length);
      return [length, message];
    }),
  );
  const { status, stdout, stderr } = spawnSync(fuzzProgram(), ["decode", seconds, String(process.pid)], {
    input: corpus,
  });
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
  const [, runs, accepted] = /^(\d+) messages, (\d+) accepted/.exec(stdout.toString()) ?? [];
  expect(Number(runs)).toBeGreaterThan(1000);
  expect(Number(accepted)).toBeGreaterThan(0);
}, 86_400_000);
