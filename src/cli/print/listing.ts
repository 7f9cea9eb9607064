import { formatJson } from "../../client/json.ts";
import { UsageError } from "../options/usage-error.ts";
import { template } from "../template/template.ts";
import type { Value } from "../template/value.ts";
import { isTerminal } from "../terminal/output.ts";
import { fitted, table } from "./table.ts";

/** A thing of a list, as templates see it: each column's value, computed when asked for. */
export type Row = Readonly<Record<string, Value>>;

export interface Listing {
  /** Each field's title; the fields of the default table in their order. */
  readonly titles: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  /** Columns that make way on a narrow terminal, the first first; ids and names never do, which are there to be copied. */
  readonly cuts?: readonly string[];
  /** What `-q` prints. */
  readonly quiet: string;
}

export interface ListingOptions {
  readonly format: string | undefined;
  readonly quiet: boolean;
  /** Nothing is cut to fit the terminal. */
  readonly "no-trunc"?: boolean;
}

/**
 * Docker's `--format`: `table` alone or before a template, `json`, or a template for each row; `\t` and `\n` may be
 * written as two letters.
 */
export function listing(spec: Listing, rows: readonly Row[], options: ListingOptions): string {
  const format = (options.format ?? "").trim();
  const isTable = format === "" || format === "table" || /^table\s/.test(format);
  if (options.quiet && (format === "" || format === "table"))
    return rows.map((row) => `${String(row[spec.quiet])}\n`).join("");
  if (format === "json") return rows.map((row) => `${rowJson(row)}\n`).join("");
  if (!isTable) {
    const print = template(unescaped(format));
    return rows.map((row) => `${print(row)}\n`).join("");
  }
  const written = format.replace(/^table\s*/, "");
  const text = written === "" ? spec.columns.map((name) => `{{.${name}}}`).join("\t") : unescaped(written);
  const print = template(text);
  const title = template(text.replace(/\{\{[^}]*\}\}/g, (action) => titleAction(action)));
  const lines = [title(titlesOf(spec)), ...rows.map(print)];
  const cells = lines.map((line) => line.split("\t"));
  if (spec.cuts === undefined || written !== "" || options["no-trunc"] === true || !isTerminal(1))
    return table(cells);
  const order = spec.cuts.map((name) => spec.columns.indexOf(name));
  return table(fitted(cells, process.stdout.columns || 80, order));
}

/** Docker writes the rows of a list by Go's encoding/json, which escapes `<`, `>` and `&`; `{{json}}` does not. */
export const rowJson = (row: Row): string =>
  formatJson(row).replace(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The title of a column is its field's, whatever functions stand around it (docker/cli, formatter). */
function titleAction(action: string): string {
  const name = /\.([A-Z]\w*)/.exec(action)?.[1];
  const label = /\.Label\s+"([^"]*)"/.exec(action)?.[1];
  if (label !== undefined) return label.replace(/.*[.-]/, "");
  return name === undefined ? action : `{{.${name}}}`;
}

const titlesOf = (spec: Listing): Row => spec.titles;

export const unescaped = (text: string) => text.replaceAll("\\t", "\t").replaceAll("\\n", "\n");

/** Filters as the API takes them: `{"status": ["running"]}`. */
export function filters(entries: readonly string[]): string {
  if (entries.length === 0) return "";
  const all: Record<string, string[]> = {};
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals < 1) throw new UsageError(`cannot use "${entry}" for --filter: write KEY=VALUE`);
    const key = entry.slice(0, equals).trim().toLowerCase();
    all[key] = [...(all[key] ?? []), entry.slice(equals + 1).trim()];
  }
  return JSON.stringify(all);
}
