import { describe, expect, test } from "bun:test";
import { cleanPath } from "../../../src/build/dockerfile/clean-path.ts";
import { excludePatterns, ignoreOf, parseIgnore } from "../../../src/build/dockerfile/ignore.ts";
import { goPattern, hasWildcards, mobyPattern } from "../../../src/build/dockerfile/path-pattern.ts";
import { random } from "../../api/random.ts";

const isExcluded = (ignore: string, path: string) =>
  ignoreOf(parseIgnore(ignore)).excludedBy(path) !== undefined;

describe("what a .dockerignore keeps out", () => {
  test.each([
    // Names, folders, and what lies in them.
    ["a", "a", true],
    ["a", "a/b/c", true],
    ["a", "b/a", false],
    ["a", "ab", false],
    ["/a", "a", true],
    ["a/", "a/b", true],
    ["./a", "a", true],
    ["a/../b", "b", true],
    ["a//b", "a/b/c", true],
    ["../a", "a", false],
    ["  a  ", "a", true],
    ["\ufeffa", "a", true],
    ["a\r\nb\r\n", "b", true],
    // Comments in the first column only; blank lines.
    ["# a\n\n  \nb", "b", true],
    ["# a", "# a", false],
    [" #a", "#a", true],
    // Wildcards stay within a part.
    ["*.log", "x.log", true],
    ["*.log", "a/x.log", false],
    ["*/*.log", "a/x.log", true],
    ["*/temp*", "some/temporary.txt", true],
    ["*/*/temp*", "a/b/tempfile", true],
    ["temp?", "tempa", true],
    ["temp?", "temp", false],
    ["temp?", "temp/", false],
    ["*", "a/b", true],
    ["[ab].txt", "b.txt", true],
    ["[^ab].txt", "b.txt", false],
    ["[a-c]x", "bx", true],
    ["[\\]]x", "]x", true],
    ["a\\*b", "a*b", true],
    ["a\\*b", "axb", false],
    ["a.b", "axb", false],
    ["(a|b)+{1}$^", "(a|b)+{1}$^", true],
    ["*(a|b)+{1}$^", "x(a|b)+{1}$^", true],
    // ** goes through folders.
    ["**/x.log", "x.log", true],
    ["**/x.log", "a/b/x.log", true],
    ["**/x.log", "a/bx.log", false],
    ["**", "a", true],
    ["**/", "a/b", true],
    ["**.log", "a/x.log", true],
    ["a/**", "a/b/c", true],
    ["a/**", "a", false],
    ["a**", "abc/d", true],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "a/xb", false],
    ["**/*.md", "a/b/x.md", true],
    ["**/*.md", "x.md", true],
    ["**/a/**", "x/a/y", true],
    ["**/a/**", "x/a", false],
    ["**/a*c/**/x?", "1/2/abc/3/4/xy", true],
    ["a**/*b", "abc/x/yb", true],
    // Exceptions: the last line that matches decides.
    ["*.md\n!README.md", "README.md", false],
    ["*.md\n!README.md", "x.md", true],
    ["!README.md\n*.md", "README.md", true],
    ["*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true],
    ["*.md\n!README*.md\nREADME-secret.md", "README-x.md", false],
    ["a\n!a/b", "a/b", false],
    ["a\n!a/b", "a/b/c", false],
    ["a\n!a/b", "a/c", true],
    ["a\n!a/b\na", "a/b", true],
    ["**\n!**/*.go", "x/y/z.go", false],
    ["**\n!**/*.go", "x/y/z.js", true],
    ["a\n! a/b", "a/b", false],
    ["a\n!/a/b/", "a/b/c", false],
    ["*\n!a/*\na/x", "a/x", true],
    ["*\n!a/*\na/x", "a/y", false],
  ])("%j and %s: %s", (ignore, path, expected) => {
    expect(isExcluded(ignore, path)).toBe(expected);
  });

  test("the context itself is never kept out", () => {
    expect(isExcluded("*\n.\n/", ".")).toBe(false);
  });

  test("the line that decided is told", () => {
    const ignore = ignoreOf(parseIgnore("# logs\n*.log\n\n!keep.log\nbuild/\n"));
    expect(ignore.excludedBy("x.log")).toMatchObject({ text: "*.log", line: 2 });
    expect(ignore.excludedBy("build/a/b")).toMatchObject({ text: "build/", line: 5 });
    expect(ignore.excludedBy("keep.log")).toBeUndefined();
    expect(ignore.excludedBy("src/main.ts")).toBeUndefined();
  });

  test.each(["a\n[", "a\n[]a]", "a\n[-a]", "a\n[a", "a\nb\\", "a\n!", "a\n[a-]", "a\n[^]"])(
    "%j is refused",
    (text) => {
      expect(() => parseIgnore(text)).toThrow("cannot use line 2 of .dockerignore");
    },
  );
});

describe("an excluded folder is walked only where something in it may come back", () => {
  test.each([
    ["a", "a", false],
    ["a\n!a/b", "a", true],
    ["a\n!a/b/c", "a/b", true],
    ["a\n!a/b/c", "a/x", false],
    ["a\n!b", "a", false],
    ["a\n!a/*/c", "a/x", true],
    ["a\n!a/*/c", "a/x/y", false],
    ["a\n!**/c", "a/x/y", true],
    ["a\n!x/**", "a", false],
    ["!a/b\na", "a", false],
    ["a\n!a/b\na", "a", false],
    ["*\n!a/[bc]/d", "a/b", true],
  ])("%j in %s: %s", (ignore, folder, expected) => {
    expect(ignoreOf(parseIgnore(ignore)).mayHoldIncluded(folder)).toBe(expected);
  });

  test("never says no where a path below is in", () => {
    const names = ["a", "b", "c", "x.go"];
    const parts = ["a", "b", "*", "**", "?", "x*", "[ab]", "**b"];
    const next = random(7);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    for (let round = 0; round < 3000; round++) {
      const line = () => `${pick(["", "!"])}${[...Array(1 + (round % 3))].map(() => pick(parts)).join("/")}`;
      const text = [line(), line(), line()].join("\n");
      const ignore = ignoreOf(parseIgnore(text));
      const folder = [pick(names), pick(names)].slice(0, 1 + (round % 2)).join("/");
      const below = `${folder}/${pick(names)}${pick(["", "/b"])}`;
      if (ignore.excludedBy(folder) !== undefined && ignore.excludedBy(below) === undefined)
        expect([text, folder, below, ignore.mayHoldIncluded(folder)]).toEqual([text, folder, below, true]);
    }
  });
});

describe("Go's filepath.Match, for sources", () => {
  test.each([
    ["*.png", "a.png", true],
    ["*.png", "a/b.png", false],
    ["index.?s", "index.ts", true],
    ["index.?s", "index.s", false],
    ["arr[[]0].txt", "arr[0].txt", true],
    ["arr[0].txt", "arr0.txt", true],
    ["hom*", "home.txt", true],
    ["a/*/c", "a/b/c", true],
    ["**/x", "a/x", true],
    ["**/x", "a/b/x", false],
    ["a*b*c*d*e", "axbxcxdxe", true],
    ["a*b*c*d*e", "axbxc/dxe", false],
    ["a-*.b", "a-c.b", true],
    ["[a-c]-[^d]*", "b-e", true],
    ["☺*", "☺☺", true],
    ["?", "☺", true],
    ["[☺-☻]", "☺", true],
    ["", "", true],
    ["a", "", false],
  ])("%s and %s: %s", (pattern, path, expected) => {
    expect(goPattern(pattern)(path)).toBe(expected);
  });

  test("what is a pattern at all", () => {
    expect(["*", "a?", "[a]", "\\\\*", "a\\*b*"].map(hasWildcards)).toEqual([true, true, true, true, true]);
    expect(["a", "\\*", "a\\?b", "]", "\\["].map(hasWildcards)).toEqual([false, false, false, false, false]);
  });
});

test("--exclude by the same rules, without comments", () => {
  const ignore = ignoreOf(excludePatterns(["*.txt", "#x", "**/*.md"]));
  expect(["a.txt", "#x", "a/b.md", "a.js"].map((path) => ignore.excludedBy(path)?.text)).toEqual([
    "*.txt",
    "#x",
    "**/*.md",
    undefined,
  ]);
});

test("paths are cleaned as Go does", () => {
  const cases = {
    "": ".",
    "/": "/",
    "a/./b/": "a/b",
    "/../a": "/a",
    "../../a": "../../a",
    "a/../..": "..",
    "//a": "/a",
  };
  expect(Object.keys(cases).map(cleanPath)).toEqual(Object.values(cases));
});

test("many stars cost no more than the product of the lengths, and mean the same", () => {
  const path = `${"a".repeat(4000)}c`;
  expect(mobyPattern(`${"*a".repeat(30)}*b`)(path)).toBe(false);
  expect(mobyPattern(`${"*a".repeat(30)}*c`)(path)).toBe(true);
  expect(mobyPattern("**/a/**/b/**/c")("x/a/b/y/c")).toBe(true);
  expect(mobyPattern("**/a/**/b/**/c")("x/a/by/c")).toBe(false);
  expect(mobyPattern("**/*a*/**/[xy]?")("1/bab/2/xz")).toBe(true);
});

test("patterns of many stars mean what a regular expression would", () => {
  const next = random(11);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const sources = { "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]", a: "a", b: "b", "/": "/", "[ab]": "[ab]" };
  const parts = Object.keys(sources) as (keyof typeof sources)[];
  let matches = 0;
  const wrong: string[] = [];
  for (let round = 0; round < 20_000; round++) {
    const some = [...Array(6)].map(() => pick(parts));
    const pattern = some.join("");
    // Stars that meet mean something else than each of them, and so do two at the end.
    if (some.some((part, index) => part === "*" && some[index + 1]?.startsWith("*"))) continue;
    if (!/[ab]$/.test(pattern)) continue;
    const path = [...Array(6)].map(() => pick(["a", "b", "/"])).join("");
    const expected = new RegExp(`^${some.map((part) => sources[part]).join("")}$`).test(path);
    const isSuffix = /^\*\*\/[ab/]+$/.test(pattern);
    if (isSuffix) continue;
    if (mobyPattern(pattern)(path) !== expected) wrong.push(`${pattern} ${path}`);
    if (expected) matches++;
  }
  expect(wrong).toEqual([]);
  expect(matches).toBeGreaterThan(50);
});

test("100,000 paths by 50 patterns", () => {
  const patterns = [...Array(50)].map(
    (_, index) =>
      [`*.e${index}`, `**/f${index}`, `dir${index}/*/x`, `name${index}`, `**/*.q${index}`][index % 5],
  );
  const ignore = ignoreOf(parseIgnore(`${patterns.join("\n")}\n`));
  const paths = [...Array(100_000)].map((_, index) => `src/m${index % 300}/k${index % 7}/file${index}.ts`);
  expect(paths.filter((path) => ignore.excludedBy(path) !== undefined)).toEqual([]);
});
