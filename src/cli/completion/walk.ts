import type { Option, OptionTable } from "../options/option.ts";

/** Where the word that is typed stands. */
export interface Walked {
  readonly operands: readonly string[];
  /** The options that were written, by their long names. */
  readonly given: ReadonlySet<string>;
  /** The option whose value the next word is. */
  readonly awaits: Option | undefined;
  /** Nothing after this is an option. */
  readonly over: boolean;
}

/** Goes over whole words as the parser does, but takes whatever there is: half a line is what is completed. */
export function walk(table: OptionTable, words: readonly string[], interspersed: boolean): Walked {
  const operands: string[] = [];
  const given = new Set<string>();
  let awaits: Option | undefined;
  let over = false;
  for (const word of words) {
    if (awaits !== undefined) awaits = undefined;
    else if (over) operands.push(word);
    else if (word === "--") over = true;
    else if (word.startsWith("--")) {
      const name = word.slice(2).replace(/=.*/s, "");
      const option = Object.hasOwn(table, name) ? table[name] : undefined;
      given.add(name);
      if (option !== undefined && option.kind !== "flag" && !word.includes("=")) awaits = option;
    } else if (word.startsWith("-") && word !== "-") awaits = letters(table, word.slice(1), given);
    else {
      operands.push(word);
      over = !interspersed;
    }
  }
  return { operands, given, awaits, over };
}

/** `-it`, `-vSRC`, `-v`: the last one may wait for its value. */
function letters(table: OptionTable, cluster: string, given: Set<string>): Option | undefined {
  for (const [at, letter] of [...cluster].entries()) {
    const [name, option] = Object.entries(table).find(([, one]) => one.short === letter) ?? [];
    if (name === undefined || option === undefined) return undefined;
    given.add(name);
    if (option.kind !== "flag") return at === cluster.length - 1 ? option : undefined;
  }
  return undefined;
}
