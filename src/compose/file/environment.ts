import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { nameOf } from "./documents.ts";
import { readVariables, type Unset } from "./variables/dotenv.ts";

export type Environment = Readonly<Record<string, string>>;

/** Variables by their names alone: what every JavaScript object has, such as `constructor`, is none. */
export const variablesOf = (...parts: readonly Environment[]): Environment =>
  Object.assign(Object.create(null), ...parts);

/** Of the process, without what is not set. */
export function environmentOf(process: Readonly<Record<string, string | undefined>>): Environment {
  const set: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(process)) if (value !== undefined) set[name] = value;
  return set;
}

/**
 * The variables of the files below those that there are: a later file comes before an earlier, and what is set already
 * before both. A file's variable without a value adds nothing.
 */
export function withFiles(
  env: Environment,
  files: readonly string[],
  from: string,
  unset: Unset,
): Environment {
  const read: Record<string, string> = Object.create(null);
  for (const file of files) {
    const path = resolve(from, file);
    const lookup = (name: string) => env[name] ?? read[name];
    for (const [name, value] of readVariables({ path, name: nameOf(path, from) }, lookup, unset))
      if (value !== null) read[name] = value;
  }
  return variablesOf(read, env);
}

/** The folder's `.env`, if there is one. */
export function dotEnv(folder: string): string[] {
  const path = join(folder, ".env");
  // A folder of this name is Python's.
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined || found.isDirectory() ? [] : [path];
}
