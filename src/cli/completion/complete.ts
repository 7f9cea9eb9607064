import type { Option, OptionTable } from "../options/option.ts";
import { globalOptions } from "../place.ts";
import type { Verb } from "../verb.ts";
import { beforeVerb, findVerb, nouns, verbs } from "../verbs.ts";
import { type Kind, kindsOf, operandKinds, operandWords } from "./kinds.ts";
import { walk } from "./walk.ts";

/** What the word may become. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
  /** More belongs to it: no space after it. */
  readonly open?: boolean;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Names of files of this machine, which the shell knows better. */
  readonly files: boolean;
}

/** Asks the engine for what there is of a kind. `verb`: for which verb, which may want only what runs. */
export type Look = (kind: Kind, verb: string) => Promise<readonly Candidate[]>;

const NOTHING: Completion = { candidates: [], files: false };

/** `words` after `inro`; the last one is being typed, and may be empty. */
export async function complete(words: readonly string[], look: Look): Promise<Completion> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const own = walk(globalOptions, before, false);
  if (own.operands.length === 0) {
    if (own.awaits !== undefined) return valuesOf(own.awaits, typed, "", look);
    return typed.startsWith("-")
      ? ofOptions(globalOptions, own.given, typed, look, "")
      : fitting(topWords(), typed);
  }
  const rest = own.operands[0] === "help" ? own.operands.slice(1) : own.operands;
  const found = await findVerb(rest);
  if (found === undefined) return ofNoun(rest, typed, look);
  return ofVerb(await found.entry.load(), found.name, found.rest, typed, look);
}

/** A noun's verb, or an option of its own before it. */
async function ofNoun([noun, ...rest]: readonly string[], typed: string, look: Look): Promise<Completion> {
  const { options } = await beforeVerb(noun ?? "", rest);
  const at = walk(options, rest, false);
  if (at.awaits !== undefined) return valuesOf(at.awaits, typed, noun ?? "", look);
  if (at.operands.length > 0) return NOTHING;
  return typed.startsWith("-") && Object.keys(options).length > 0
    ? ofOptions(options, at.given, typed, look, noun ?? "")
    : fitting(wordsOf(noun), typed);
}

async function ofVerb(
  verb: Verb<OptionTable>,
  name: string,
  before: readonly string[],
  typed: string,
  look: Look,
): Promise<Completion> {
  const at = walk(verb.options, before, verb.firstArgumentEndsOptions !== true);
  if (at.awaits !== undefined) return valuesOf(at.awaits, typed, name, look);
  if (!at.over && typed.startsWith("-")) return ofOptions(verb.options, at.given, typed, look, name);
  const completion = await lookAll(operandKinds(verb.usage, at.operands.length), typed, name, look);
  const words = operandWords(verb.usage, at.operands.length).map((word) => ({ word, about: "" }));
  const all = [...fitting(words, typed).candidates, ...completion.candidates];
  return { ...completion, candidates: all.filter(({ word }) => !at.operands.includes(word)) };
}

const summaryOf = (name: string) => verbs.find(({ names }) => names.includes(name))?.summary ?? "";

/** Verbs that need no noun, and nouns. */
function topWords(): Candidate[] {
  const own = verbs
    .filter(({ hidden }) => !hidden)
    .flatMap(({ names: [name = ""] }) => (name.includes(" ") ? [] : name));
  return [
    ...own.map((word) => ({ word, about: summaryOf(word) })),
    ...nouns.map((word) => ({ word, about: `Verbs of ${word}s` })),
  ];
}

/** The verbs of a noun; all that there is without one. */
function wordsOf(noun: string | undefined): Candidate[] {
  if (noun === undefined) return topWords();
  const own = verbs.flatMap(({ names }) => names.find((name) => name.startsWith(`${noun} `)) ?? []);
  return own.map((name) => ({ word: name.slice(noun.length + 1), about: summaryOf(name) }));
}

const fitting = (all: readonly Candidate[], typed: string): Completion => ({
  candidates: all.filter(({ word }) => word.startsWith(typed)),
  files: false,
});

async function ofOptions(
  table: OptionTable,
  given: ReadonlySet<string>,
  typed: string,
  look: Look,
  verb: string,
): Promise<Completion> {
  const [, name = "", value] = /^--([^=]+)=(.*)$/s.exec(typed) ?? [];
  const option = Object.hasOwn(table, name) ? table[name] : undefined;
  if (value !== undefined && option !== undefined) {
    const { candidates, files } = await valuesOf(option, value, verb, look);
    return { files, candidates: candidates.map((one) => ({ ...one, word: `--${name}=${one.word}` })) };
  }
  const left = Object.entries(table).filter(
    ([key, one]) => !one.hidden && (one.kind === "list" || !given.has(key)),
  );
  const all = left.map(([key, { help }]) => ({ word: `--${key}`, about: help }));
  return fitting([...all, { word: "--help", about: "What this is" }], typed);
}

async function valuesOf(option: Option, typed: string, verb: string, look: Look): Promise<Completion> {
  if (option.kind === "flag")
    return fitting(
      ["true", "false"].map((word) => ({ word, about: "" })),
      typed,
    );
  if (option.words !== undefined)
    return fitting(
      option.words.map((word) => ({ word, about: "" })),
      typed,
    );
  return lookAll(kindsOf(option.value), typed, verb, look);
}

async function lookAll(all: readonly Kind[], typed: string, verb: string, look: Look): Promise<Completion> {
  // What begins like a path is one.
  const isPath = /^[./~]/.test(typed);
  const asked = all.filter((kind) => kind !== "file" && !(isPath && kind !== "name"));
  const found = (await Promise.all(asked.map((kind) => look(kind, verb)))).flat();
  const files = all.includes("file") || all.includes("source:");
  return { ...fitting(found, typed), files };
}
