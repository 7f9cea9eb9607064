import { basename } from "node:path";
import { composeError } from "./error.ts";
import type { Place } from "./node.ts";

/** What of a text can be a project's name (04-version-and-name.md): small letters, digits, `-`, `_`; neither of these first. */
export const normalName = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^-_a-z0-9]/g, "")
    .replace(/^[-_]+/, "");

/** A name that somebody has given: taken as it is or refused. `said`: by what. */
export function givenName(name: string, said: string | Place): string {
  if (name !== "" && normalName(name) === name) return name;
  const place = typeof said === "string" ? undefined : said;
  const what =
    typeof said === "string" ? `cannot use "${name}" of ${said}` : `cannot name the project "${name}"`;
  const meant = normalName(name);
  throw composeError(
    place,
    what,
    "a project's name has small letters, digits, - and _, and begins with a letter or digit",
    meant === "" ? undefined : `"${meant}" would do`,
  );
}

/** The folder's, for a project that nobody named. */
export function folderName(folder: string): string {
  const name = normalName(basename(folder));
  if (name !== "") return name;
  throw composeError(
    undefined,
    "cannot name the project",
    `nothing of the folder's name "${basename(folder)}" can be its name`,
    "give one by -p, or write `name:` in the file",
  );
}
