import { common } from "./common.ts";
import { flagsOf } from "./flags.ts";
import type { ArgInstruction, EnvInstruction, LabelInstruction } from "./instruction.ts";
import type { Location } from "./location.ts";
import { refuse, type Statement, textOf, wordOf } from "./statement.ts";
import { type Pair, part, type Word } from "./word.ts";
import { quotedWords } from "./words.ts";

export function parseEnv(statement: Statement): EnvInstruction {
  return { kind: "env", ...common(statement), ...pairsOf(statement) };
}

export function parseLabel(statement: Statement): LabelInstruction {
  return { kind: "label", ...common(statement), ...pairsOf(statement) };
}

/** `key=value …`, or the old `key all of the rest`, which it is when the first word has no equals sign. */
function pairsOf(statement: Statement): { pairs: Pair[]; legacy: boolean } {
  flagsOf(statement, {});
  const { name } = statement;
  const words = quotedWords(statement);
  if (words.length === 0) refuse(statement, `${name} requires at least one argument`);
  if (words[0]?.raw.includes("=") === false) return { pairs: [legacyPair(statement)], legacy: true };
  const pairs = words.map((word) => {
    const halves = split(word);
    if (halves === undefined)
      refuse(
        statement,
        `Syntax error - can't find = in ${JSON.stringify(word.raw)}. Must be of the form: name=value`,
        word.location,
      );
    return named(statement, halves, word.location);
  });
  return { pairs, legacy: false };
}

function legacyPair(statement: Statement): Pair {
  const { rest, name } = statement;
  const match = /[\t\v\f\r ]+/.exec(textOf(statement, rest));
  if (match === null) refuse(statement, `${name} must have two arguments`, wordOf(statement, rest).location);
  const end = rest.from + match.index;
  const key = wordOf(statement, { from: rest.from, to: end });
  return { key, value: wordOf(statement, { from: end + match[0].length, to: rest.to }) };
}

/** At the first equals sign; undefined where there is none. */
function split(word: Word): Pair | undefined {
  const equals = word.raw.indexOf("=");
  return equals < 0 ? undefined : { key: part(word, 0, equals), value: part(word, equals + 1) };
}

function named(statement: Statement, pair: Pair, location: Location): Pair {
  if (pair.key.raw === "") refuse(statement, `${statement.name} names can not be blank`, location);
  return pair;
}

export function parseArg(statement: Statement): ArgInstruction {
  flagsOf(statement, {});
  const words = quotedWords(statement);
  if (words.length === 0) refuse(statement, "ARG requires at least one argument");
  const pairs = words.map((word) => {
    const halves = split(word);
    return halves === undefined ? { key: word } : named(statement, halves, word.location);
  });
  return { kind: "arg", ...common(statement), pairs, comments: statement.line.comments };
}
