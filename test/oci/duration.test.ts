import { expect, test } from "bun:test";
import { parseDuration } from "../../src/oci/duration.ts";

test.each([
  ["0", 0],
  ["1h1m1s1ms1us1ns", 3_661_001_001_001],
  ["1m30s", 90e9],
  [".5h", 1800e9],
  ["1.s", 1e9],
  ["-3ms", -3e6],
  ["+5s", 5e9],
  ["1µs1μs", 2000],
  // In binary 2.3 million is a little less than that.
  ["2.3ms", 2_300_000],
  ["1.9ns", 1],
  ["1.0000000019s", 1_000_000_001],
] as const)("%s is so many nanoseconds", (text, expected) => expect(parseDuration(text)).toBe(expected));

test.each(["", "1", "s", ".s", "1d", "1 s", "1s ", "--1s", "9999999h"])("%j is none", (text) =>
  expect(parseDuration(text)).toBeUndefined(),
);
