import { isTerminal } from "../terminal/output.ts";
import { type Color, type Paint, paintFor } from "../terminal/paint.ts";

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

/** The printed plan with colours for people, and a line that counts. */
export function paintPlan(explanation: Explanation): string {
  const paint = paintFor(isTerminal(1));
  const lines = explanation.printed.trimEnd().split("\n");
  return `${lines.map((line) => paintLine(line, paint)).join("\n")}\n${paint("dim", summary(explanation))}\n`;
}

/** Columns are two spaces or more apart; the last one is the reason. */
function paintLine(line: string, paint: Paint): string {
  const match = /^(\S+)(\s+\d+\s+)(\S+)(.*?)(\s{2,}\d+\.\d+ ms)?(\s{2,}\S(?:(?!\s{2}).)*)?$/.exec(line);
  if (match === null) return line;
  const [, act = "", number = "", kind = "", text = "", time = "", because = ""] = match;
  const color = colors[act] ?? "dim";
  return [
    paint(color, act),
    paint("dim", number),
    paint("bold", kind),
    text,
    paint("yellow", time),
    paint("dim", because),
  ].join("");
}

function summary({ plan, records }: Explanation): string {
  const set = Object.entries(plan).filter(([act]) => act !== "undo");
  const count = set.reduce((sum, [, ops]) => sum + ops.length, 0);
  const undone = plan["undo"]?.length ?? 0;
  const operations = `${count} operations, ${undone} to undo them`;
  if (records.length === 0) return `${operations}; nothing was executed`;
  const spent = records.filter(({ act }) => act !== "undo").reduce((sum, { ns }) => sum + ns, 0);
  return `${operations}; ${(spent / 1e6).toFixed(3)} ms in the operations measured (map runs beside build)`;
}
