/** Texts as a Dockerfile has to say them, so that it means the text and nothing else. */
import { InroError } from "../oci/error.ts";
import type { Mount, Recipe } from "./recipe.ts";

/** INVALID_OPTION: what a recipe cannot be. */
export const invalid = (why: string, hint?: string): InroError =>
  new InroError("INVALID_OPTION", {
    what: "cannot describe the image",
    why,
    ...(hint === undefined ? {} : { hint }),
  });

/** A word whose variables, quotes and blanks are none. */
export function literal(text: string): string {
  if (/[\n\r\0]/.test(text))
    throw invalid(`${JSON.stringify(text)} has a line break or a NUL, which no Dockerfile can say there`);
  if (/^[\w@%+:,./-]+$/.test(text)) return text;
  return `"${text.replace(/[\\"$]/g, "\\$&")}"`;
}

/** A word among others: where words end at blanks, no quotes hold them together. */
export function word(text: string): string {
  if (text !== "" && !/[\s\0]/.test(text)) return text.replace(/[\\"'$]/g, "\\$&");
  throw invalid(`a Dockerfile cannot say ${JSON.stringify(text)} there: it is empty, or has a blank`);
}

/** Paths as a JSON list: variables would be replaced in them all the same. */
export const pathList = (paths: readonly string[]): string =>
  JSON.stringify(paths.map((path) => path.replace(/[\\"'$]/g, "\\$&")));

/** Nothing in the line means something to a Dockerfile. */
const isPlain = (text: string): boolean =>
  !/[\n\r\0]/.test(text) && !/^\s|^(--|\[|#)|<<|\\\s*$/.test(text) && text.trim() !== "";

/** A line for a shell, where only a line can stand. */
export function shellLine(text: string): string {
  if (isPlain(text)) return text;
  throw invalid(
    `a Dockerfile cannot say the command line ${JSON.stringify(text)}`,
    'say it as a list: ["/bin/sh", "-c", "…"]',
  );
}

/** Lines for a shell: a line alone stays as it is. */
export function shellLines(text: string): string {
  return isPlain(text) ? text : heredoc(text, "");
}

/** A text that ends at a line which it has not itself; `beside`: what else stands in the line that names it. */
export function heredoc(text: string, beside: string): string {
  // Carriage returns at a line's end do not count where a heredoc's end is looked for.
  const lines = new Set(text.replaceAll("\r", "").split("\n"));
  let end = "EOF";
  for (let n = 1; lines.has(end); n++) end = `EOF${n}`;
  return `<<'${end}'${beside}\n${text.endsWith("\n") ? text : `${text}\n`}${end}`;
}

/** A value in the comma-separated list of a mount. */
const field = (name: string, value: string | number | boolean | undefined): string[] => {
  if (value === undefined) return [];
  const text = `${name}=${String(value).replace(/[\\$]/g, "\\$&")}`;
  return [/[",\s]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text];
};

export function mountFlag(mount: Mount, names: (recipe: Recipe) => string): string {
  const { type, ...rest } = mount;
  const from = "from" in mount ? mount.from : undefined;
  const named = from === undefined || typeof from === "string" ? from : names(from);
  const fields = Object.entries(rest).flatMap(([name, value]): string[] => {
    if (name === "from") return field(name, named);
    if (name === "readWrite") return value === true ? ["rw"] : [];
    return field(name, value as string | number | boolean | undefined);
  });
  return `--mount=${[`type=${type}`, ...fields].join(",")}`;
}
