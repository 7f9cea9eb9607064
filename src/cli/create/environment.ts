import { readFileSync } from "node:fs";
import { unreadable } from "../input-file.ts";
import { UsageError } from "../options/usage-error.ts";

function linesOf(file: string, option: string, status?: UsageError["status"]): string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read "${file}" of ${option}: ${unreadable(error)}`, status);
  }
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/**
 * Docker's rules: a name without a value takes the value of this process; where there is none, `-e NAME` is handed
 * on as it is (it removes what the image sets) and a line of a file is dropped. Files come first, so that `-e` wins.
 * `status`: of what cannot be read.
 */
export function environment(
  files: readonly string[],
  given: readonly string[],
  status?: UsageError["status"],
): string[] {
  const fromFiles = files.flatMap((file) =>
    linesOf(file, "--env-file", status).flatMap((line) => {
      const [name = ""] = line.split("=", 1);
      if (name === "" || /\s/.test(name))
        throw new UsageError(`cannot use "${file}" for --env-file: "${line}" does not begin with a name`);
      if (line.includes("=")) return [line];
      const value = process.env[name];
      return value === undefined ? [] : [`${name}=${value}`];
    }),
  );
  const fromLine = given.map((entry) => {
    if (entry === "" || entry.startsWith("="))
      throw new UsageError(`cannot use "${entry}" for --env: no name`);
    const value = entry.includes("=") ? undefined : process.env[entry];
    return value === undefined ? entry : `${entry}=${value}`;
  });
  return [...fromFiles, ...fromLine];
}

export function labels(files: readonly string[], given: readonly string[]): Record<string, string> {
  const all = [...files.flatMap((file) => linesOf(file, "--label-file")), ...given];
  return pairs(all);
}

/** `key=value` texts as a record; a key without `=` has an empty value. */
export function pairs(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf("=");
      return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
