import type { Paint } from "../terminal/paint.ts";
import type { Option, OptionTable } from "./option.ts";

const GUTTER = 2;
const WIDEST_LEFT = 32;

function left([name, option]: readonly [string, Option]): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  return `${short}--${name}${option.kind === "flag" ? "" : ` ${option.value}`}`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Two columns; a name too long for its column has the line to itself. */
export function columns(rows: readonly (readonly [string, string])[], paint: Paint, width: number): string {
  const widest = Math.min(WIDEST_LEFT, Math.max(0, ...rows.map(([name]) => name.length)));
  const indent = " ".repeat(widest + 2 * GUTTER);
  return rows
    .map(([name, help]) => {
      const [first = "", ...more] = wrapped(help, Math.max(30, width - indent.length));
      const head = `  ${paint("cyan", name)}`;
      const start =
        name.length > widest ? `${head}\n${indent}` : head + " ".repeat(widest - name.length + GUTTER);
      return [start + first, ...more.map((line) => indent + line)].join("\n");
    })
    .join("\n");
}

/** The options under their headings, those without one first. */
export function optionHelp(table: OptionTable, paint: Paint, width: number): string {
  const groups = new Map<string, (readonly [string, string])[]>();
  for (const entry of Object.entries(table)) {
    const [, option] = entry;
    if (option.hidden) continue;
    const group = option.group ?? "Options";
    groups.set(group, [...(groups.get(group) ?? []), [left(entry), option.help]]);
  }
  return [...groups]
    .map(([title, rows]) => `${paint("bold", title)}\n${columns(rows, paint, width)}\n`)
    .join("\n");
}
