import { columns, optionHelp } from "./options/help.ts";
import type { OptionTable } from "./options/option.ts";
import { globalOptions } from "./place.ts";
import { isTerminal } from "./terminal/output.ts";
import { type Paint, paintFor } from "./terminal/paint.ts";
import type { Verb } from "./verb.ts";
import { type Entry, type Found, nouns, verbs } from "./verbs.ts";

function style(): { paint: Paint; width: number } {
  const terminal = isTerminal(1);
  return { paint: paintFor(terminal), width: Math.min(terminal ? process.stdout.columns || 100 : 100, 120) };
}

function grouped(entries: readonly Entry[], nameOf: (entry: Entry) => string): string {
  const { paint, width } = style();
  const groups = [...new Set(entries.map(({ group }) => group))];
  return groups
    .map((group) => {
      const rows = entries
        .filter((entry) => entry.group === group)
        .map((entry) => [nameOf(entry), entry.summary] as const);
      return `${paint("bold", group)}\n${columns(rows, paint, width)}\n`;
    })
    .join("\n");
}

/** `inro --help`: every verb in one screen. */
export function mainHelp(): string {
  const { paint, width } = style();
  const top = verbs.filter(({ names, hidden }) => !hidden && !(names[0] ?? "").includes(" "));
  return [
    `${paint("bold", "inro")}: containers, and every kernel operation that makes them\n`,
    `Usage: inro [OPTIONS] VERB …        inro VERB --help\n`,
    grouped(top, ({ names }) => names[0] ?? ""),
    `${paint("bold", "More")}\n  ${nouns.map((noun) => paint("cyan", `inro ${noun}`)).join(", ")}\n`,
    optionHelp(globalOptions, paint, width),
    `${paint("bold", "Try")}\n  inro run --rm hello\n  inro explain run --rm -m 64m hello\n`,
  ].join("\n");
}

/** `inro volume`: the noun's verbs, and the options that may stand before them. */
export function nounHelp(noun: string, options: OptionTable): string {
  const { paint, width } = style();
  const own = verbs.filter(({ names }) => names.some((name) => name.startsWith(`${noun} `)));
  const nameOf = ({ names }: Entry) =>
    (names.find((name) => name.startsWith(`${noun} `)) ?? "").slice(noun.length + 1);
  const table = optionHelp(options, paint, width);
  const before = table === "" ? "" : "[OPTIONS] ";
  return [
    `Usage: inro ${noun} ${before}VERB …        inro ${noun} VERB --help\n`,
    grouped(own, nameOf),
    ...(table === "" ? [] : [table]),
  ].join("\n");
}

/** `inro run --help`. */
export function verbHelp(found: Found, verb: Verb<OptionTable>): string {
  const { paint, width } = style();
  const others = found.entry.names.filter((name) => name !== found.name);
  const options = optionHelp(verb.options, paint, width);
  return [
    `${found.entry.summary}.\n`,
    `Usage: inro ${found.name} ${verb.usage}`,
    ...(others.length > 0 ? [`       also: ${others.map((name) => `inro ${name}`).join(", ")}`] : []),
    ...(options === "" ? [] : [`\n${options.trimEnd()}`]),
    ...(verb.examples === undefined
      ? []
      : [`\n${paint("bold", "Examples")}\n${verb.examples.map((line) => `  ${line}`).join("\n")}`]),
    "",
  ].join("\n");
}
