import type { Cache, KeyParts } from "../cache/cache.ts";
import type { ChangingNode } from "./solve.ts";

/** How people call what a step depends on. */
const NAMES: Readonly<Record<string, string>> = {
  below: "what is below it has changed",
  files: "the files that it copies have changed",
  arguments: "its command is another",
  env: "its environment is another",
  mounts: "what it mounts has changed",
};

/** Why a step is made, held against the last one of the same instruction. */
export function reasonFor(cache: Cache, { step }: ChangingNode, now: KeyParts): string {
  const last = cache.lastOf(step.text);
  if (last === undefined) return "it was never made before";
  const differs = (name: string) => JSON.stringify(now[name]) !== JSON.stringify(last.parts[name]);
  const names = [...new Set([...Object.keys(now), ...Object.keys(last.parts)])].filter(differs);
  if (names.length === 0) return "what it made is not here any more";
  return names.map((name) => NAMES[name] ?? `its ${name} differs`).join(", ");
}
