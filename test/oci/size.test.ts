import { expect, test } from "bun:test";
import { parseSize } from "../../src/oci/size.ts";

test.each([
  ["7", 7],
  ["7b", 7],
  ["5.7k", 5836],
  ["5 KB", 5120],
  ["1.5GiB", 1_610_612_736],
  ["1t", 1024 ** 4],
  ["1p", 1024 ** 5],
] as const)("%s is so many bytes", (text, expected) => expect(parseSize(text)).toBe(expected));

test.each(["", "k", "-1", "5x", "5  k", ".5k", "5kk"])("%j is none", (text) =>
  expect(parseSize(text)).toBeUndefined(),
);
