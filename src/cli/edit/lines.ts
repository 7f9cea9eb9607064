import type { OptionTable } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { quoted, type Recovered } from "../recover/settings.ts";

const HEAD = [
  "# What differs from the image and the defaults, as options of `inro edit`, one a line; last its command. Change lines, add",
  "# some (--env-rm NAME, too), take some away; then save and leave. Where nothing is changed here, nothing is.",
];

/** A container as people edit it. */
export function editable({ settings }: Recovered, command: readonly string[], table: OptionTable): string {
  const lines = settings
    .filter(([name]) => Object.hasOwn(table, name))
    .map(([name, ...value]) => [`--${name}`, ...value.map(quoted)].join(" "));
  return `${[...HEAD, ...lines, ["--", ...command.map(quoted)].join(" ")].join("\n")}\n`;
}

/** The words of `inro edit` that lead from one text to the other. */
export function wordsBetween(before: string, after: string): string[] {
  const [was, is] = [linesOf(before), linesOf(after)];
  const key = (words: readonly string[]) => words.join("\0");
  const only = (these: string[][], those: string[][]) => {
    const known = new Set(those.map(key));
    return these.filter((words) => !known.has(key(words)));
  };
  const [added, gone] = [only(is, was), only(was, is)];
  const options = added.filter(([first]) => first !== "--");
  const taken = gone.flatMap((words) => withdrawal(words, options));
  const command = added.find(([first]) => first === "--");
  return [...taken, ...options.flat(), ...(command === undefined || command.length === 1 ? [] : command)];
}

function linesOf(text: string): string[][] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map(wordsOf);
}

/** As a POSIX shell cuts words, without expanding anything. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? "";
    const next = line[at + 1] ?? "";
    if (quote === "" && /\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= "";
    if (letter === quote) quote = "";
    else if (quote === "" && /['"]/.test(letter)) quote = letter;
    else if (letter === "\\" && (quote === "" || (quote === '"' && /["\\$`]/.test(next))))
      word += line[++at] ?? "";
    else word += letter;
  }
  if (quote !== "") throw new UsageError(`a quotation mark is missing: ${line}`, 1);
  return word === undefined ? words : [...words, word];
}

const nameOf = (value: string): string => value.replace(/=.*/s, "");
const targetOf = (option: string, value: string): string => {
  if (option === "--mount") return /(?:^|,)(?:target|dst|destination)=([^,]*)/.exec(value)?.[1] ?? "";
  const [first = "", second = first] = value.split(":");
  return option === "--tmpfs" ? first : second;
};

/** What an option is without the line. */
const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  "--memory": ["--memory", "-1"],
  "--cpus": ["--cpus", "0"],
  "--pids-limit": ["--pids-limit", "-1"],
  "--restart": ["--restart", "no"],
  "--network-bandwidth": ["--network-bandwidth", "none"],
  "--health-cmd": ["--no-healthcheck"],
  "--health-on-failure": ["--health-on-failure", "none"],
  "--init": ["--init=false"],
  "--read-only": ["--read-only=false"],
  "--privileged": ["--privileged=false"],
};

const MOUNTS = ["--volume", "--mount", "--tmpfs"];

/** How a line that is gone is said; where another one takes its place, nothing is. */
function withdrawal(
  [option = "", value = ""]: readonly string[],
  added: readonly (readonly string[])[],
): readonly string[] {
  const replaced = (same: (option: string, value: string) => boolean) =>
    added.some(([other = "", text = ""]) => same(other, text));
  if (option === "--env" || option === "--label") {
    const isSame = (other: string, text: string) => other === option && nameOf(text) === nameOf(value);
    return replaced(isSame) ? [] : [`${option}-rm`, nameOf(value)];
  }
  if (option === "--publish") return ["--publish-rm", value];
  if (MOUNTS.includes(option)) {
    const target = targetOf(option, value);
    const isSame = (other: string, text: string) =>
      MOUNTS.includes(other) && targetOf(other, text) === target;
    return replaced(isSame) ? [] : ["--mount-rm", target];
  }
  if (option === "--" || replaced((other) => other === option)) return [];
  const without = DEFAULTS[option];
  if (without !== undefined) return without;
  throw new UsageError(`${option} cannot be taken away: write another value, or make another container`, 1);
}
