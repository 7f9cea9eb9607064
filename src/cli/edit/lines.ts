import { isCdi } from "../create/devices.ts";
import { UsageError } from "../options/usage-error.ts";
import { quoted, type Recovered, type Setting } from "../recover/settings.ts";
import { isApart } from "./body.ts";
import { editOptions, LISTS, RESET } from "./options.ts";

const HEAD = [
  "# What differs from the image and the defaults, as options of `inro edit`, one a line; last its command. Change lines, add",
  "# some (--env-rm NAME, too), take some away; then save and leave. Where nothing is changed here, nothing is.",
];

/** A container as people edit it. */
export function editable({ settings }: Recovered, command: readonly string[]): string {
  const lines = networksInFull(settings)
    .filter(([name]) => Object.hasOwn(editOptions, name))
    .map(([name, ...value]) => [`--${name}`, ...value.map(quoted)].join(" "));
  return `${[...HEAD, ...lines, ["--", ...command.map(quoted)].join(" ")].join("\n")}\n`;
}

/** What stands in options of its own about the first network, in that one's line: an edit knows no first one. */
const OF_FIRST: Readonly<Record<string, string>> = {
  "network-alias": "alias",
  ip: "ip",
  ip6: "ip6",
  "mac-address": "mac-address",
};

function networksInFull(settings: readonly Setting[]): readonly Setting[] {
  const own = settings.flatMap(([name, value = ""]) => {
    const key = OF_FIRST[name];
    return key === undefined ? [] : [`${key}=${value}`];
  });
  const first = settings.find(([name]) => name === "network");
  if (own.length === 0 || first === undefined) return settings;
  const { 1: value = "" } = first;
  const full = [value.includes("=") ? value : `name=${value}`, ...own].join(",");
  return settings.map((one) => (one === first ? ["network", full] : one));
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
  const taken = gone.flatMap((words) => withdrawal(words, { added: options, left: is }));
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
const networkName = (value: string): string => /(?:^|,)name=([^,]*)/.exec(value)?.[1] ?? value;
const targetOf = (option: string, value: string): string => {
  if (option === "--mount") return /(?:^|,)(?:target|dst|destination)=([^,]*)/.exec(value)?.[1] ?? "";
  const [first = "", second = first] = value.split(":");
  return option === "--tmpfs" ? first : second;
};

/** What an option is without the line, where that is said otherwise than by --reset. */
const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  "--memory": ["--memory", "-1"],
  "--cpus": ["--cpus", "0"],
  "--pids-limit": ["--pids-limit", "-1"],
  "--restart": ["--restart", "no"],
  "--network-bandwidth": ["--network-bandwidth", "none"],
  "--health-cmd": ["--no-healthcheck"],
  "--gpus": ["--device-rm", "gpus"],
};

const MOUNTS = ["--volume", "--mount", "--tmpfs"];

const devicePath = (value: string): string => {
  const [source = "", second = source] = isCdi(value) ? [value] : value.split(":");
  return /^[rwm]+$/.test(second) ? source : second;
};

/** What tells one of several from the others; of the rest all of it does. */
const KEYS: Readonly<Record<string, (value: string) => string>> = {
  ...Object.fromEntries(
    ["env", "label", "ulimit", "sysctl", "log-opt", "annotation", "security-opt"].map((name) => [
      name,
      nameOf,
    ]),
  ),
  network: networkName,
  "add-host": (value) => value.replace(/[:=].*/s, ""),
  device: devicePath,
};

/** How a line that is gone is said; where another one takes its place, nothing is. */
function withdrawal(
  [option = "", value = ""]: readonly string[],
  { added, left }: { readonly added: readonly string[][]; readonly left: readonly string[][] },
): readonly string[] {
  const replaced = (same: (option: string, value: string) => boolean) =>
    added.some(([other = "", text = ""]) => same(other, text));
  if (option === "--publish") return ["--publish-rm", value];
  if (MOUNTS.includes(option)) {
    const target = targetOf(option, value);
    const isSame = (other: string, text: string) =>
      MOUNTS.includes(other) && targetOf(other, text) === target;
    return replaced(isSame) ? [] : ["--mount-rm", target];
  }
  const name = option.slice(2);
  if (Object.hasOwn(LISTS, name) || name === "env" || name === "label") {
    const key = KEYS[name] ?? ((all: string) => all);
    if (replaced((other, text) => other === option && key(text) === key(value))) return [];
    if (name !== "network") return [`${option}-rm`, key(value)];
    // No network at all is the default one; what lies apart is left by going elsewhere.
    const instead = left.some(([other]) => other === option) ? [] : [option, "bridge"];
    return isApart(value) ? instead : [...instead, `${option}-rm`, key(value)];
  }
  if (option === "--" || replaced((other) => other === option)) return [];
  const without = DEFAULTS[option];
  if (without !== undefined) return without;
  if (Object.hasOwn(RESET, name)) return ["--reset", name];
  throw new UsageError(`${option} cannot be taken away: write another value, or make another container`, 1);
}
