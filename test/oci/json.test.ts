import { expect, test } from "bun:test";
import { exactJson, isUint64, parseExactJson } from "../../src/oci/json.ts";

test("numbers of 64 bits keep every bit, both ways", () => {
  const text =
    '{"rlimits":[{"soft":18446744073709551615,"hard":9007199254740993}],"args":[{"value":18446744073709551614,"valueTwo":3}]}';
  const parsed = parseExactJson(text) as { rlimits: { soft: unknown; hard: unknown }[] };
  expect(parsed.rlimits[0]).toEqual({ soft: 18446744073709551615n, hard: 9007199254740993n });
  expect(exactJson(parsed)).toBe(text);
});

test("other numbers, and texts that look like them, are what JSON.parse makes of them", () => {
  const text =
    '{"limit":9223372036854775807,"value":1e300,"env":["X=12345678901234567890"],"hard":9007199254740991}';
  expect(parseExactJson(text)).toEqual(JSON.parse(text));
  expect(() => parseExactJson('{"value":12345678901234567890')).toThrow(SyntaxError);
});

test.each([
  [0, true],
  [2 ** 53 - 1, true],
  [2 ** 53, false],
  [(1n << 64n) - 1n, true],
  [1n << 64n, false],
  [-1, false],
  [-1n, false],
  [1.5, false],
  ["1", false],
])("%p is a number of 64 bits: %p", (value, is) => {
  expect(isUint64(value)).toBe(is);
});
