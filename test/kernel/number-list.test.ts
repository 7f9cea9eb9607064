import { expect, test } from "bun:test";
import { listWord, parseNumberList } from "../../src/kernel/number-list.ts";

test.each([
  ["0", [1, 0, 0, 0, 0, 0, 0, 0], "0"],
  ["0-3,7", [0x8f, 0, 0, 0, 0, 0, 0, 0], "0-3,7"],
  [" 1 , 3-4 ,", [0x1a, 0, 0, 0, 0, 0, 0, 0], "1,3-4"],
  ["64", [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], "64"],
  ["", [], ""],
])("the list %p is the mask %p", (list, mask, word) => {
  expect(parseNumberList(list)).toEqual(Uint8Array.from(mask));
  expect(listWord(Uint8Array.from(mask))).toBe(word);
});

test.each(["a", "1-", "-1", "3-1", "1.5", "0x1", "8192", "99999999999", "1;2"])("%p is no list", (list) => {
  expect(parseNumberList(list)).toBeUndefined();
});
