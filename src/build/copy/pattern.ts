import { fits, type Token } from "../../engine/files/fits.ts";
import { InroError } from "../../oci/error.ts";

const refused = (pattern: string, why: string) =>
  new InroError("COPY_PATTERN_INVALID", {
    what: `cannot use ${JSON.stringify(pattern.slice(0, 200))} as a pattern`,
    why,
    hint: "write a character that means itself with a backslash before it, or as a set: [[]",
  });

/** Whether the text has to be matched: with a wildcard, or with a backslash before what means itself. */
export const isPattern = (text: string): boolean => /[*?[\\]/.test(text);

/**
 * A pattern for one name by the rules of Go's filepath.Match: `*` is any run, `?` any character, `[a-z]` and `[^a-z]` sets,
 * and a backslash lets the next character mean itself; a dot at the beginning is a character like others.
 * COPY_PATTERN_INVALID
 */
export function namePattern(pattern: string): (name: string) => boolean {
  const tokens = tokensOf(pattern);
  return (name) => fits(tokens, name);
}

function tokensOf(pattern: string): Token[] {
  const characters = [...pattern];
  const tokens: Token[] = [];
  const take = (): string => {
    let character = characters.shift();
    if (character === "\\") character = characters.shift();
    if (character === undefined) throw refused(pattern, "it ends too early");
    return character;
  };
  while (characters.length > 0) {
    const [next] = characters;
    if (next === "[") tokens.push(setOf(characters, pattern, take));
    else if (next === "*" || next === "?") {
      characters.shift();
      tokens.push(next === "*" ? "any" : () => true);
    } else {
      const wanted = take();
      tokens.push((character) => character === wanted);
    }
  }
  return tokens;
}

function setOf(characters: string[], pattern: string, take: () => string): Token {
  characters.shift();
  const inverted = characters[0] === "^";
  if (inverted) characters.shift();
  const ranges: (readonly [low: string, high: string])[] = [];
  const bound = (): string => {
    if (characters[0] === "-" || characters[0] === "]") throw refused(pattern, "a set is malformed");
    return take();
  };
  while (characters[0] !== "]" || ranges.length === 0) {
    const low = bound();
    let high = low;
    if (characters[0] === "-") {
      characters.shift();
      high = bound();
    }
    ranges.push([low, high]);
    if (characters.length === 0) throw refused(pattern, "a set has no end");
  }
  characters.shift();
  return (character) =>
    inverted !==
    ranges.some(([low, high]) => point(character) >= point(low) && point(character) <= point(high));
}

const point = (character: string): number => character.codePointAt(0) ?? 0;
