import { COMMANDS } from "../../../src/runtime/command/commands.ts";

/** xorshift: the same every time, so that what is found can be found again. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const FLAGS = Object.values(COMMANDS).flatMap(({ switches, values, lists, short }) => [
  ...[...switches, ...values, ...lists].map((name) => `--${name}`),
  ...Object.keys(short).map((letter) => `-${letter}`),
]);
const ODD = [
  "",
  "-",
  "--",
  "---",
  "=",
  "--=",
  "-=x",
  "--all=",
  "--all=maybe",
  "\0",
  "../x",
  "a".repeat(5000),
  "ünï",
  "-1",
  "__proto__",
  "--__proto__",
  "--constructor=1",
  "{",
  "1e9",
];
/** What a caller may write, and what none does. */
export const WORDS: readonly string[] = [...FLAGS, ...ODD, "x", "KILL", "9", "json", "5s", "true"];
