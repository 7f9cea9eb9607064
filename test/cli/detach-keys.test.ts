import { expect, test } from "bun:test";
import { detachKeys, detachScanner } from "../../src/cli/session/detach-keys.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const typed = (keys: string, ...pieces: string[]) => {
  const scan = detachScanner(detachKeys(keys));
  let passed = "";
  for (const piece of pieces) {
    const scanned = scan(bytes(piece));
    passed += new TextDecoder().decode(scanned.bytes);
    if (scanned.detached) return { passed, detached: true };
  }
  return { passed, detached: false };
};

test("the keys, in one piece or two, leave; what was typed before goes through", () => {
  expect(typed("", "ls\n\x10\x11more")).toEqual({ passed: "ls\n", detached: true });
  expect(typed("", "a\x10", "\x11")).toEqual({ passed: "a", detached: true });
});

test("half of the keys is held back until it cannot be the whole any more", () => {
  expect(typed("", "\x10")).toEqual({ passed: "", detached: false });
  expect(typed("", "\x10", "x")).toEqual({ passed: "\x10x", detached: false });
  expect(typed("", "\x10\x10\x11")).toEqual({ passed: "\x10", detached: true });
});

test("other keys", () => {
  expect(typed("ctrl-@,a", "x\0a")).toEqual({ passed: "x", detached: true });
  expect(typed("q", "abq")).toEqual({ passed: "ab", detached: true });
  expect(() => detachKeys("ctrl-1")).toThrow('"ctrl-1" is neither one character nor ctrl- and one of');
  expect(() => detachKeys("ab")).toThrow('"ab" is neither');
});
