/** A part of a pattern. `rest` and `folders` are what `**` means at the end and before it; all others stay in a folder. */
type Token =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "one" | "star" | "folders" | "rest" }
  /** Its characters as in a regular expression's brackets. */
  | { readonly type: "class"; readonly characters: string };

/** Tests whole paths, slashes between their parts, none at their ends. */
export type PathTest = (path: string) => boolean;

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
/** Outside brackets an escaped `-` is an error. */
const escapedInClass = (text: string): string => escaped(text).replaceAll("-", "\\-");

function malformed(pattern: string): Error {
  return new Error(`syntax error in pattern ${JSON.stringify(pattern)}`);
}

/**
 * Reads a pattern by the rules of Go's filepath.Match; with `hasFolders` also moby's `**`. Throws an Error for one that
 * Go refuses: brackets without an end or with nothing in them, a backslash at the end.
 */
function read(pattern: string, hasFolders: boolean): Token[] {
  const tokens: Token[] = [];
  let text = "";
  const add = (token?: Token) => {
    if (text !== "") tokens.push({ type: "text", text });
    text = "";
    if (token !== undefined) tokens.push(token);
  };
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? "";
    if (character === "\\") {
      at++;
      if (at >= pattern.length) throw malformed(pattern);
      text += pattern[at];
    } else if (character === "?") add({ type: "one" });
    else if (character === "*" && hasFolders && pattern[at + 1] === "*") {
      // "**/" is as "**".
      at += pattern[at + 2] === "/" ? 2 : 1;
      add({ type: at === pattern.length - 1 ? "rest" : "folders" });
    } else if (character === "*") {
      if (text !== "" || tokens.at(-1)?.type !== "star") add({ type: "star" });
    } else if (character === "[") {
      const { characters, end } = readClass(pattern, at);
      add({ type: "class", characters });
      at = end;
    } else text += character;
  }
  add();
  return tokens;
}

/** `[abc]`, `[a-z]`, `[^…]`; a backslash takes the next character as it is. */
function readClass(pattern: string, from: number): { characters: string; end: number } {
  let at = from + 1;
  const isNegated = pattern[at] === "^";
  if (isNegated) at++;
  let characters = isNegated ? "^" : "";
  const one = (): string => {
    if (pattern[at] === "\\") at++;
    else if (pattern[at] === "-" || pattern[at] === "]") throw malformed(pattern);
    const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    if (at >= pattern.length) throw malformed(pattern);
    at += character.length;
    return character;
  };
  for (let count = 0; pattern[at] !== "]" || count === 0; count++) {
    const low = one();
    if (pattern[at] !== "-") {
      characters += escapedInClass(low);
      continue;
    }
    at++;
    const high = one();
    // A range that runs backwards holds nothing.
    if ((low.codePointAt(0) ?? 0) <= (high.codePointAt(0) ?? 0))
      characters += `${escapedInClass(low)}-${escapedInClass(high)}`;
  }
  return { characters, end: at };
}

const source: { [Type in Token["type"]]: (token: Extract<Token, { type: Type }>) => string } = {
  text: ({ text }) => escaped(text),
  one: () => "[^/]",
  star: () => "[^/]*",
  folders: () => "(?:.*/)?",
  rest: () => ".*",
  class: ({ characters }) => `[${characters}]`,
};

const sourceOf = (token: Token): string => (source[token.type] as (token: Token) => string)(token);

const loops = ["star", "folders", "rest"];

/** What one of many stars may cost: a regular expression tries all places of each. */
const maxLoops = 2;

function testOf(tokens: readonly Token[]): PathTest {
  const [first] = tokens;
  if (tokens.length === 0) return (path) => path === "";
  if (tokens.length === 1 && first?.type === "text") return (path) => path === first.text;
  if (tokens.filter(({ type }) => loops.includes(type)).length > maxLoops) return simulation(tokens);
  const expression = new RegExp(`^${tokens.map(sourceOf).join("")}$`, "su");
  return (path) => expression.test(path);
}

/** All places of all stars at once: time grows with the product of both lengths. */
function simulation(tokens: readonly Token[]): PathTest {
  const steps = tokens.flatMap((token): Token[] =>
    token.type === "text" ? [...token.text].map((text) => ({ type: "text", text })) : [token],
  );
  const tests = steps.map(characterTest);
  const isLoop = steps.map(({ type }) => loops.includes(type));
  return (path) => {
    // state[i]: the steps before i may have matched what was read; inside[i]: within the folders of step i.
    let state = opened(new Uint8Array(steps.length + 1).fill(1, 0, 1), isLoop);
    let inside = new Uint8Array(steps.length);
    for (const character of path) {
      const next = new Uint8Array(steps.length + 1);
      const nextInside = new Uint8Array(steps.length);
      for (const [index, step] of steps.entries()) {
        const isHere = state[index] === 1;
        if (step.type === "folders") {
          if (!isHere && inside[index] === 0) continue;
          nextInside[index] = 1;
          if (character === "/") next[index + 1] = 1;
        } else if (!isHere) continue;
        else if (step.type === "star" || step.type === "rest") {
          if (step.type === "rest" || character !== "/") next[index] = 1;
        } else if (tests[index]?.(character)) next[index + 1] = 1;
      }
      state = opened(next, isLoop);
      inside = nextInside;
    }
    return state[steps.length] === 1;
  };
}

function characterTest(token: Token): (character: string) => boolean {
  if (token.type === "text") return (character) => character === token.text;
  if (token.type !== "class") return (character) => character !== "/";
  const expression = new RegExp(sourceOf(token), "su");
  return (character) => expression.test(character);
}

/** Every loop may be taken no time at all. */
function opened(state: Uint8Array<ArrayBuffer>, isLoop: readonly boolean[]): Uint8Array<ArrayBuffer> {
  for (const [index, isOne] of isLoop.entries()) if (isOne && state[index] === 1) state[index + 1] = 1;
  return state;
}

/** Go's filepath.Match, by which COPY and ADD find sources: `*` and `?` stay within a part of the path. */
export const goPattern = (pattern: string): PathTest => testOf(read(pattern, false));

/** Whether COPY looks for what matches instead of for a file of this name. */
export function hasWildcards(path: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[]/.test(path);
}

/** moby's patterns, of .dockerignore and `--exclude`, which have `**` besides. The pattern is clean (clean-path.ts). */
export function mobyPattern(pattern: string): PathTest {
  const tokens = read(pattern, true);
  const rest = tokens.slice(1);
  const isPlain = (some: readonly Token[]) =>
    some.every(({ type }) => type === "text") && !pattern.includes("\\");
  if (tokens[0]?.type === "rest") return () => true;
  if (tokens[0]?.type === "folders" && isPlain(rest)) return suffixTest(pattern.slice(2));
  if (tokens.at(-1)?.type === "rest" && isPlain(tokens.slice(0, -1))) {
    const prefix = pattern.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  return testOf(tokens);
}

/** `**` before a text alone is any beginning, so that it may end within a name: `**.log` is `a.log`. */
function suffixTest(suffix: string): PathTest {
  const whole = suffix.startsWith("/") ? suffix.slice(1) : suffix;
  return (path) => path.endsWith(suffix) || path === whole;
}

/** Whether a pattern could match something below a folder. It may say yes where there turns out to be nothing. */
export function mayMatchBelow(pattern: string): (folder: string) => boolean {
  const parts = pattern.split("/");
  const open = parts.findIndex((part) => part.includes("**") || part.includes("[") || part.includes("\\"));
  const fixed = (open < 0 ? parts : parts.slice(0, open)).map((part) => goPattern(part));
  return (folder) => {
    const names = folder.split("/");
    if (open < 0 && names.length >= parts.length) return false;
    return fixed.every((test, index) => index >= names.length || test(names[index] ?? ""));
  };
}
