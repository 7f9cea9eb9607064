import { commandLine, common } from "./common.ts";
import { flagsOf } from "./flags.ts";
import type {
  CommandInstruction,
  ListInstruction,
  ShellInstruction,
  WordInstruction,
} from "./instruction.ts";
import { refuse, type Statement, textOf, wordOf } from "./statement.ts";
import { jsonWords, wordsOf } from "./words.ts";

/** The instructions that are nothing but their words. */
export function parseCommand(statement: Statement, kind: CommandInstruction["kind"]): CommandInstruction {
  flagsOf(statement, {});
  return { kind, ...common(statement), command: commandLine(statement) };
}

export function parseWord(statement: Statement, kind: WordInstruction["kind"]): WordInstruction {
  flagsOf(statement, {});
  const { rest, name } = statement;
  if (textOf(statement, rest) === "") refuse(statement, `${name} requires exactly one argument`);
  return { kind, ...common(statement), word: wordOf(statement, rest) };
}

export function parseExpose(statement: Statement): ListInstruction {
  flagsOf(statement, {});
  const words = wordsOf(statement);
  if (words.length === 0) refuse(statement, "EXPOSE requires at least one argument");
  return { kind: "expose", ...common(statement), words };
}

export function parseVolume(statement: Statement): ListInstruction {
  flagsOf(statement, {});
  const words = jsonWords(statement) ?? wordsOf(statement);
  if (words.length === 0) refuse(statement, "VOLUME requires at least one argument");
  const trimmed = words.map((word) => ({ ...word, raw: word.raw.trim() }));
  const empty = trimmed.find((word) => word.raw === "");
  if (empty !== undefined) refuse(statement, "VOLUME specified can not be an empty string", empty.location);
  return { kind: "volume", ...common(statement), words: trimmed };
}

export function parseShell(statement: Statement): ShellInstruction {
  flagsOf(statement, {});
  const words = jsonWords(statement);
  if (words?.length === 0 || textOf(statement, statement.rest) === "")
    refuse(statement, "SHELL requires at least one argument");
  if (words === undefined)
    refuse(
      statement,
      "SHELL requires the arguments to be in JSON form",
      wordOf(statement, statement.rest).location,
      'for example SHELL ["/bin/bash", "-c"]',
    );
  return { kind: "shell", ...common(statement), shell: words.map(({ raw }) => raw) };
}
