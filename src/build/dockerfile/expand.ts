import { DockerfileError } from "./error.ts";
import { type Expanded, ExpansionFailure, expandText, type Lookup, type Quoting } from "./expansion.ts";
import { type Heredoc, part, type Word } from "./word.ts";

export type { Lookup };

/** A word with its variables replaced, its quotes and escapes taken off. Throws DOCKERFILE_INVALID at the place in it. */
export const expandWord = (word: Word, lookup: Lookup): string => run(word, lookup, ofWord(word)).text;

/** The same, split at blanks that are neither quoted nor escaped, those of variables' values included: EXPOSE. */
export const expandWords = (word: Word, lookup: Lookup): string[] => run(word, lookup, ofWord(word)).words;

/** A heredoc's content: variables and backslashes as in a word, quotes as they are; nothing if its delimiter is quoted. */
export function expandHeredoc(heredoc: Heredoc, lookup: Lookup): string {
  const { content, expand, location, source } = heredoc;
  return expand
    ? run({ raw: content, location, source }, lookup, { token: "\\", hasQuotes: false }).text
    : content;
}

/** The variables that a word, or a heredoc, may ask for: each once, in order. A word that cannot be expanded has none. */
export function variablesOf(of: Word | Heredoc): string[] {
  const names = new Set<string>();
  const lookup = (name: string) => {
    names.add(name);
    return "set";
  };
  try {
    if ("raw" in of) expandWord(of, lookup);
    else expandHeredoc(of, lookup);
  } catch {
    return [];
  }
  return [...names];
}

/** The variables without which a word loses something: `$a`, and not `${b:-word}`, which says what then. */
export function neededVariables(of: Word | Heredoc, lookup: Lookup): string[] {
  const names = new Set<string>();
  const noting = (name: string, hasAnswer?: boolean) => {
    if (hasAnswer !== true) names.add(name);
    return lookup(name) ?? "set";
  };
  if ("raw" in of) expandWord(of, noting);
  else expandHeredoc(of, noting);
  return [...names];
}

/** Characters of all values that go into one word: what doubles itself from line to line is no program's input. */
const MOST_VALUES = 1 << 20;

function run(word: Word, lookup: Lookup, quoting: Quoting): Expanded {
  let taken = 0;
  const bounded: Lookup = (name, hasAnswer) => {
    const value = lookup(name, hasAnswer);
    taken += value?.length ?? 0;
    if (taken > MOST_VALUES) throw new ExpansionFailure("the values in it are longer than 1 MiB", 0);
    return value;
  };
  try {
    return expandText(word.raw, bounded, quoting);
  } catch (error) {
    if (!(error instanceof ExpansionFailure)) throw error;
    const { source, location } = part(word, Math.min(error.at, word.raw.length - 1));
    const shown = word.raw.length > 200 ? `${word.raw.slice(0, 200)}…` : word.raw;
    throw new DockerfileError({
      source,
      location,
      why: `failed to process ${JSON.stringify(shown)}: ${error.message}`,
    });
  }
}

const ofWord = ({ source }: Word): Quoting => ({ token: source.escape, hasQuotes: true });
