import { describe, expect, test } from "bun:test";
import { DockerfileError } from "../../../src/build/dockerfile/error.ts";
import { expandHeredoc, expandWord, expandWords, variablesOf } from "../../../src/build/dockerfile/expand.ts";
import type { Escape, Source } from "../../../src/build/dockerfile/location.ts";
import type { Word } from "../../../src/build/dockerfile/word.ts";

const variables: Readonly<Record<string, string>> = {
  foo: "bar",
  empty: "",
  two: "a  b",
  str: "foobarbaz",
  path: "/usr/local/lib",
  stars: "a*b?c",
  quote: "'\"",
  "1": "one",
  naïve: "yes",
};
const lookup = (name: string) => (Object.hasOwn(variables, name) ? variables[name] : undefined);

function word(raw: string, token: Escape = "\\"): Word {
  const source: Source = { file: "Dockerfile", lines: [`ENV x=${raw}`], escape: token };
  return {
    raw,
    source,
    location: { start: { line: 1, column: 7 }, end: { line: 1, column: 7 + raw.length } },
  };
}

const expand = (raw: string, token?: Escape) => expandWord(word(raw, token), lookup);

describe("a word's variables, quotes and escapes", () => {
  test.each([
    // Plain names (reference, "Environment replacement").
    ["$foo", "bar"],
    ["${foo}", "bar"],
    ["${foo}_bar", "bar_bar"],
    ["$foo_bar", ""],
    ["$unset", ""],
    ["$foo$foo", "barbar"],
    ["$1x", "onex"],
    ["$naïve", "yes"],
    ["$", "$"],
    ["a$", "a$"],
    ["$.", "$."],
    ["$?", ""],
    ["100%", "100%"],
    // Escapes.
    ["\\$foo", "$foo"],
    ["\\${foo}", "${foo}"],
    ["\\\\$foo", "\\bar"],
    ["a\\ b", "a b"],
    ["a\\", "a"],
    ["\\x", "x"],
    // Quotes.
    ["'$foo'", "$foo"],
    ['"$foo"', "bar"],
    ['"\\$foo"', "$foo"],
    ['"a\\nb"', "a\\nb"],
    ['"a\\"b"', 'a"b'],
    ["'a\\'", "a\\"],
    ['"it\'s"', "it's"],
    ["a'b c'd", "ab cd"],
    ["$quote", "'\""],
    ['""', ""],
    // ${variable:-word} and its like.
    ["${foo:-x}", "bar"],
    ["${unset:-x}", "x"],
    ["${empty:-x}", "x"],
    ["${empty-x}", ""],
    ["${unset-x}", "x"],
    ["${foo:+x}", "x"],
    ["${empty:+x}", ""],
    ["${empty+x}", "x"],
    ["${unset+x}", ""],
    ["${foo:?no}", "bar"],
    ["${empty?no}", ""],
    ["${unset:-}", ""],
    ["${unset:-$foo}", "bar"],
    ["${unset:-${empty:-${foo}}}", "bar"],
    ["${unset:-a b}", "a b"],
    ["${unset:-'a}b'}", "a}b"],
    ["${unset:-\\}}", "}"],
    ["${foo:-${unset:?never asked}}", "bar"],
    ["${unset:+${unset:?never asked}}", ""],
    // Patterns, as in the reference.
    ["${str#f*b}", "arbaz"],
    ["${str##f*b}", "az"],
    ["${str%b*}", "foobar"],
    ["${str%%b*}", "foo"],
    ["${str/ba/fo}", "fooforbaz"],
    ["${str//ba/fo}", "fooforfoz"],
    ["${str#?}", "oobarbaz"],
    ["${str%?}", "foobarba"],
    ["${str#nothing}", "foobarbaz"],
    ["${path##*/}", "lib"],
    ["${path#*/}", "usr/local/lib"],
    ["${path%/*}", "/usr/local"],
    ["${path//\\//-}", "-usr-local-lib"],
    ["${stars/\\*/x}", "axb?c"],
    ["${stars/\\?/x}", "a*bxc"],
    ["${stars#a\\*}", "b?c"],
    ["${str/o*a/X}", "fXz"],
    ["${str//a?/X}", "foobXbX"],
    ["${str/zzz/x}", "foobarbaz"],
    ["${str/bar/}", "foobaz"],
    ["${str/$foo/${unset:-x}}", "foox" + "baz"],
    ["${unset#a}", ""],
    ["${unset/a/b}", ""],
  ])("%s is %j", (raw, value) => {
    expect(expand(raw)).toBe(value);
  });

  test("the escape character is the file's", () => {
    expect(expand("c:\\$foo`$foo", "`")).toBe("c:\\bar$foo");
    expect(expand('"c:\\`"x`""', "`")).toBe('c:\\"x"');
  });

  test("blanks that are not quoted part words, those of values too", () => {
    const words = (raw: string) => expandWords(word(raw), lookup);
    expect(words("a b")).toEqual(["a", "b"]);
    expect(words("$two")).toEqual(["a", "b"]);
    expect(words('"$two"')).toEqual(["a  b"]);
    expect(words("a\\ b c")).toEqual(["a b", "c"]);
    expect(words("x$two y")).toEqual(["xa", "b", "y"]);
    expect(words("  $unset ''  ")).toEqual([]);
  });
});

describe("what cannot be expanded is shown with its place", () => {
  test.each([
    ["${", "syntax error: missing '}'", 7],
    ["ab${foo", "syntax error: missing '}'", 9],
    ["${foo:-x", "syntax error: missing '}'", 7],
    ["${}", "syntax error: bad substitution", 7],
    ["${:-x}", "syntax error: bad substitution", 7],
    ["${{foo}}", "syntax error: bad substitution", 7],
    ["${foo!}", "unsupported modifier (!) in substitution", 7],
    ["${foo:x}", "unsupported modifier (:x) in substitution", 7],
    ["${foo:#x}", "unsupported modifier (:#) in substitution", 7],
    ["${unset:?}", "unset: is not allowed to be unset", 7],
    ["${empty:?}", "empty: is not allowed to be empty", 7],
    ["${unset?tell me}", "unset: tell me", 7],
    ["${str/a}", "syntax error: missing '/'", 7],
    ["${str/a/b", "syntax error: missing '}'", 7],
    ["${str#\\x}", "invalid pattern (\\x) in substitution: invalid escape '\\x'", 7],
    ["a'b", "unexpected end of statement while looking for matching single-quote", 8],
    ['a"b', "unexpected end of statement while looking for matching double-quote", 8],
  ])("%s: %s", (raw, why, column) => {
    const failure = (() => {
      try {
        return expand(raw);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(DockerfileError);
    const { message, column: at, snippet } = failure as DockerfileError;
    expect(message).toBe(
      `dockerfile parse error on line 1: failed to process ${JSON.stringify(raw)}: ${why}`,
    );
    expect(at).toBe(column);
    expect(snippet).toContain("^");
  });

  test("nesting has an end", () => {
    const deep = `${"${a:-".repeat(50_000)}x${"}".repeat(50_000)}`;
    expect(() => expand(deep)).toThrow("nested more than 100 deep");
  });
});

test("a heredoc's quotes stay, its variables do not, and a quoted delimiter keeps all", () => {
  const { source, location } = word("x");
  const heredoc = {
    name: "E",
    content: '"$foo"\n\\$foo \\\\\n',
    chomp: false,
    fileDescriptor: 0,
    source,
    location,
  };
  expect(expandHeredoc({ ...heredoc, expand: true }, lookup)).toBe('"bar"\n$foo \\\n');
  expect(expandHeredoc({ ...heredoc, expand: false }, lookup)).toBe(heredoc.content);
});

test("the variables of a word: all that any value could ask for", () => {
  expect(variablesOf(word("${a:-$b}${c:+${d#$e}}'$f'\\$g$a"))).toEqual(["a", "b", "c", "d", "e"]);
  expect(variablesOf(word("plain"))).toEqual([]);
  expect(variablesOf(word("${a:?$b}"))).toEqual(["a", "b"]);
});

test("a pattern of many stars takes no longer than the product of the lengths", () => {
  const value = "a".repeat(100_000);
  const raw = `${"${"}x#${"*a".repeat(40)}*b}`;
  expect(expandWord(word(raw), () => value)).toBe(value);
  expect(expandWord(word(raw.replace("#", "//").replace("}", "/y}")), () => value)).toBe(value);
});
