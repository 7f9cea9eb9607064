import { expect, test } from "bun:test";
import { FrameCutter } from "../../src/kernel/plan/decode.ts";
import { encodeActs, encodeFrame } from "../../src/kernel/plan/encode.ts";
import { type Field, u16 } from "../../src/kernel/plan/field.ts";
import { frames } from "../../src/kernel/plan/frames.ts";
import { operations } from "../../src/kernel/plan/operations.ts";
import { emptyPlan } from "../../src/kernel/plan/plan.ts";
import { runSimple } from "../kernel/plan/simple.ts";

const isRoot = process.getuid?.() === 0;
const because = "test";

test("R23 no length on our wire has 16 bits (CVE-2021-43784)", () => {
  const fields = [...Object.values(operations), ...Object.values(frames)].flatMap((each): Field[] =>
    Object.values(each.fields),
  );
  expect(fields.filter(({ type }) => type === u16.type)).toEqual([]);
  const long = "x".repeat(70_000);
  const acts = Buffer.from(encodeActs({ ...emptyPlan, build: [{ kind: "hostname", name: long, because }] }));
  expect(acts.readUInt32LE(acts.indexOf("xxx") - 4)).toBe(70_000);
});

test.skipIf(!isRoot)("R23 what is longer than 65535 bytes arrives whole (CVE-2021-43784)", async () => {
  const env = [`LONG=${"x".repeat(100_000)}`, "CAPS=all"];
  const { output } = await runSimple({ argv: ["probe", "environment"], env });
  expect(output).toBe(`${env.join("\0").length + 1}\n`);
});

test("R23 what cannot be encoded is refused instead of cut (CVE-2021-43784)", () => {
  const data = new Uint8Array(17 * 1024 * 1024);
  const build = [{ kind: "makeFile", root: 0, path: "x", mode: 0, data, because } as const];
  expect(() => encodeFrame("plan", 1, { acts: { ...emptyPlan, build } })).toThrow("more than 16777216 bytes");
  const umask = (mask: number) => encodeActs({ ...emptyPlan, build: [{ kind: "umask", mask, because }] });
  expect(() => umask(2 ** 32)).toThrow("out of range");
  expect(() => umask(-1)).toThrow("out of range");
  const slot = (root: number) => encodeActs({ ...emptyPlan, build: [{ kind: "pivot", root, because }] });
  expect(() => slot(65_536)).toThrow("out of range");
  const name = "a\0b";
  expect(() => encodeActs({ ...emptyPlan, build: [{ kind: "hostname", name, because }] })).toThrow(
    "a text with a NUL",
  );
});

test("R23 a frame that claims to be longer than any is not waited for (CVE-2021-43784)", () => {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(0xfffffff0, 0);
  expect(() => [...new FrameCutter().push(header)]).toThrow("a frame of 4294967284 bytes");
});
