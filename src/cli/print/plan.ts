import { isTerminal } from "../terminal/output.ts";
import { type Color, type Paint, paintFor } from "../terminal/paint.ts";
import { ellipsis } from "./human.ts";
import { width } from "./table.ts";

/** What the engine answers to explain. */
export interface Explanation {
  readonly plan: Readonly<Record<string, readonly unknown[]>>;
  /** A line for each operation: act, number, kind, what it does, its time where it was measured, why. */
  readonly printed: string;
  readonly records: readonly { readonly ns: number; readonly act: string }[];
}

const colors: Readonly<Record<string, Color>> = {
  host: "magenta",
  clone: "yellow",
  map: "blue",
  build: "cyan",
  confine: "red",
  become: "green",
  undo: "dim",
};

/** The printed plan laid out for people, with colours on a terminal, and a line that counts. */
export function planText(explanation: Explanation): string {
  const terminal = isTerminal(1);
  const paint = paintFor(terminal);
  const all = explanation.printed.trimEnd().split("\n").map(cells);
  const rows = terminal ? fitted(all, process.stdout.columns || 120) : all;
  const widths = columnWidths(rows);
  const lines = rows.map((row) => (row.length === 1 ? (row[0] ?? "") : line(row, widths, paint)));
  return `${lines.join("\n")}\n${paint("dim", summary(explanation))}\n`;
}

/** Act, number, kind, text, time, reason; columns are two spaces or more apart. One cell: a line of another form. */
type Cells = readonly string[];

function cells(printed: string): Cells {
  const text = shortened(printed);
  const match = /^(\S+)\s+(\d+)\s+(\S+)\s+(.*?)(?:\s{2,}(\d+\.\d+ ms))?(?:\s{2,}(\S(?:(?!\s{2}).)*))?$/.exec(
    text,
  );
  return match === null ? [text] : match.slice(1).map((cell) => cell ?? "");
}

/** The first twelve digits of an id tell it from others; the API's JSON has them all. */
const shortened = (text: string) => text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, "$1…");

/** A longer text does not widen its column. */
const WIDEST = 100;
const LEAST_TEXT = 30;

/** On a terminal a line is a line: what an operation does is cut, its reason and time never. */
function fitted(rows: readonly Cells[], columns: number): readonly Cells[] {
  const widest = (column: number) => rows.reduce((most, row) => Math.max(most, width(row[column] ?? "")), 0);
  const others = [0, 1, 2, 4, 5].map(widest).filter((own) => own > 0);
  const room = Math.max(LEAST_TEXT, columns - others.reduce((sum, own) => sum + own + 2, 0));
  return rows.map((row) => row.map((cell, column) => (column === 3 ? ellipsis(cell, room) : cell)));
}

function columnWidths(rows: readonly Cells[]): readonly number[] {
  return [0, 1, 2, 3, 4].map((column) =>
    rows.reduce((most, row) => {
      const own = width(row[column] ?? "");
      return own > WIDEST ? most : Math.max(most, own);
    }, 0),
  );
}

function line(
  [act = "", number = "", kind = "", text = "", time = "", because = ""]: Cells,
  widths: readonly number[],
  paint: Paint,
): string {
  const pad = (cell: string, column: number) =>
    cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - width(cell)));
  const [, numbers = 0, , , times = 0] = widths;
  return [
    paint(colors[act] ?? "dim", pad(act, 0)),
    paint("dim", number.padStart(numbers)),
    paint("bold", pad(kind, 2)),
    pad(text, 3),
    ...(times > 0 ? [paint("yellow", time.padStart(times))] : []),
    paint(because === "default" ? "dim" : "green", because),
  ]
    .join("  ")
    .trimEnd();
}

function summary({ plan, records }: Explanation): string {
  const setUp = Object.entries(plan).filter(([act]) => act !== "undo");
  const count = setUp.reduce((sum, [, ops]) => sum + ops.length, 0);
  const undone = plan["undo"]?.length ?? 0;
  const operations = `${count} operations, ${undone} to undo them`;
  if (records.length === 0) return `${operations}; nothing was executed`;
  const spent = records.filter(({ act }) => act !== "undo").reduce((sum, { ns }) => sum + ns, 0);
  return `${operations}; ${(spent / 1e6).toFixed(3)} ms measured (map runs beside build)`;
}
