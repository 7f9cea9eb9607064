import { nearest } from "../../oci/nearest.ts";
import type { Option, OptionTable, Values } from "./option.ts";
import { UsageError } from "./usage-error.ts";

export interface Parsed<T extends OptionTable> {
  readonly options: Values<T>;
  readonly args: readonly string[];
  /** The options that were written, by their long names. */
  readonly given: ReadonlySet<string>;
  /** `--help` or `-h` was written. */
  readonly help: boolean;
}

export interface Rules {
  /** `false`: the first argument ends the options (`run IMAGE …`, where what follows is the command's). */
  readonly interspersed: boolean;
  /** What was read already, of other words of the same line: what follows counts more, lists go on. */
  readonly first?: Omit<Parsed<OptionTable>, "args">;
}

/**
 * Reads a command line as Docker does (spf13/pflag): `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * `-n=value`, flags together (`-it`), `--flag=false`, and `--` before what is not an option.
 */
export function parse<T extends OptionTable>(table: T, words: readonly string[], rules: Rules): Parsed<T> {
  const state = {
    words: [...words],
    values: { ...defaults(table), ...begun(rules.first) },
    given: new Set(rules.first?.given),
    help: false,
  };
  const args: string[] = [];
  while (state.words.length > 0) {
    const word = state.words.shift() ?? "";
    if (word === "--") {
      args.push(...state.words);
      break;
    }
    if (word.startsWith("--")) long(table, state, word);
    else if (word.startsWith("-") && word !== "-") short(table, state, word);
    else if (rules.interspersed) args.push(word);
    else {
      args.push(word, ...state.words);
      break;
    }
  }
  return { options: state.values as Values<T>, args, given: state.given, help: state.help };
}

interface State {
  readonly words: string[];
  readonly values: Record<string, unknown>;
  readonly given: Set<string>;
  help: boolean;
}

function defaults(table: OptionTable): Record<string, unknown> {
  const entries = Object.entries(table).map(([name, o]) => [name, o.kind === "list" ? [] : o.default]);
  return Object.fromEntries(entries);
}

function begun(first: Rules["first"]): Record<string, unknown> {
  const entries = Object.entries(first?.options ?? {});
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
  );
}

function long(table: OptionTable, state: State, word: string): void {
  const equals = word.indexOf("=");
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  const option = Object.hasOwn(table, name) ? table[name] : undefined;
  if (option !== undefined) {
    assign(state, name, option, `--${name}`, value);
    return;
  }
  if (name === "help") {
    state.help = value !== "false";
    return;
  }
  const visible = Object.keys(table).filter((key) => table[key]?.hidden !== true);
  const near = nearest(name, [...visible, "help"]);
  throw new UsageError(`unknown option --${name}${near === undefined ? "" : `: did you mean --${near}?`}`);
}

function short(table: OptionTable, state: State, word: string): void {
  for (let i = 1; i < word.length; i++) {
    const letter = word[i] ?? "";
    const found = Object.entries(table).find(([, option]) => option.short === letter);
    if (found === undefined) {
      if (letter === "h") {
        state.help = true;
        continue;
      }
      throw new UsageError(unknownLetter(table, letter, word));
    }
    const [name, option] = found;
    const rest = word.slice(i + 1);
    if (option.kind === "flag" && !rest.startsWith("=")) {
      assign(state, name, option, `-${letter}`, undefined);
      continue;
    }
    const value = rest === "" ? undefined : rest.replace(/^=/, "");
    assign(state, name, option, `-${letter}`, value);
    return;
  }
}

function unknownLetter(table: OptionTable, letter: string, word: string): string {
  const near = nearest(word.slice(1), Object.keys(table));
  const inside = word.length > 2 ? ` in ${word}` : "";
  return `unknown option -${letter}${inside}${near === undefined ? "" : `: did you mean --${near}?`}`;
}

function assign(state: State, name: string, option: Option, as: string, written: string | undefined): void {
  state.given.add(name);
  if (option.kind === "flag") {
    state.values[name] = written === undefined ? true : truth(as, written);
    return;
  }
  const value = written ?? state.words.shift();
  if (value === undefined) throw new UsageError(`option ${as} needs a value: ${as} ${option.value}`);
  switch (option.kind) {
    case "text":
      state.values[name] = value;
      return;
    case "list":
      (state.values[name] as string[]).push(value);
      return;
    case "read":
      state.values[name] = convert(as, option.read, value);
  }
}

function convert<T>(as: string, read: (text: string) => T, value: string): T {
  try {
    return read(value);
  } catch (error) {
    const status = error instanceof UsageError ? error.status : undefined;
    throw new UsageError(`cannot use "${value}" for ${as}: ${(error as Error).message}`, status);
  }
}

/** The words of Go's strconv.ParseBool. */
function truth(as: string, word: string): boolean {
  if (/^(1|t|true)$/i.test(word)) return true;
  if (/^(0|f|false)$/i.test(word)) return false;
  throw new UsageError(`cannot use "${word}" for ${as}: it is neither true nor false`);
}
