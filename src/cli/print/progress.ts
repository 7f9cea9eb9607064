import { err, isTerminal, out } from "../terminal/output.ts";
import { type Paint, paintFor } from "../terminal/paint.ts";
import { decimalSize } from "./human.ts";

/** One line of the streams of pull, push and load. */
export interface ProgressLine {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly stream?: string;
  readonly error?: string;
}

const INTERVAL = 50;
const BAR = 28;

/** What it shows of a stream's lines; throws an Error with the stream's own words when it tells of a failure. */
export interface Progress {
  show(line: ProgressLine): void;
  end(): void;
}

/** On a terminal a line a layer, with bars; elsewhere one line for each change. */
export function progress(to: "stdout" | "stderr"): Progress {
  const [write, descriptor] = to === "stdout" ? [out, 1 as const] : [err, 2 as const];
  return isTerminal(descriptor) ? liveProgress(write, paintFor(true)) : plainProgress(write);
}

function plainProgress(write: (text: string) => void): Progress {
  const said = new Map<string, string>();
  return {
    show(line) {
      refuse(line);
      const text = line.status ?? line.stream?.trimEnd() ?? "";
      const isMoving = (line.progressDetail?.total ?? 0) > 0;
      if (text === "" || isMoving) return;
      if (line.id === undefined) write(`${text}\n`);
      else if (said.get(line.id) !== text) write(`${line.id}: ${text}\n`);
      if (line.id !== undefined) said.set(line.id, text);
    },
    end() {},
  };
}

function refuse(line: ProgressLine): void {
  if (line.error !== undefined) throw new Error(line.error);
}

function liveProgress(write: (text: string) => void, paint: Paint): Progress {
  const lines = new Map<string, ProgressLine>();
  let drawn = 0;
  let last = 0;
  const draw = () => {
    const rows = process.stdout.rows || 24;
    const columns = process.stdout.columns || 80;
    const shown = fitting([...lines.values()], rows - 2).map((line) => layerLine(line, paint, columns));
    const erase = drawn > 0 ? `\x1b[${drawn}A\x1b[J` : "";
    write(erase + shown.map((line) => `${line}\n`).join(""));
    drawn = shown.length;
    last = performance.now();
  };
  return {
    show(line) {
      if (line.error !== undefined) draw();
      refuse(line);
      if (line.id === undefined || line.status?.startsWith("Pulling from")) {
        const text = line.status ?? line.stream?.trimEnd() ?? "";
        if (text === "") return;
        // What belongs to no layer stands above or below the block of layers, as it comes.
        if (drawn > 0 || lines.size > 0) draw();
        lines.clear();
        drawn = 0;
        write(`${line.id === undefined ? "" : `${line.id}: `}${text}\n`);
        return;
      }
      const before = lines.get(line.id);
      lines.set(line.id, line);
      if (before?.status !== line.status || performance.now() - last >= INTERVAL) draw();
    },
    end: () => void (lines.size > 0 && draw()),
  };
}

const isDone = (line: ProgressLine) =>
  /complete$|exists$|^Pushed$|^Mounted from /.test(line.status ?? "") && line.status !== "Download complete";

/** More layers than the window has rows: those that are done make way. */
function fitting(lines: readonly ProgressLine[], room: number): readonly ProgressLine[] {
  if (lines.length <= room) return lines;
  const working = lines.filter((line) => !isDone(line));
  const done = lines.length - working.length;
  return [
    { id: `${done} of ${lines.length}`, status: "layers complete" },
    ...working.slice(0, Math.max(1, room - 1)),
  ];
}

/** `a1b2c3d4e5f6  Downloading     ━━━━━━━━━━╺━━━━━━━━━  12.3MB of 45.1MB` */
function layerLine(line: ProgressLine, paint: Paint, columns: number): string {
  const status = (line.status ?? "").slice(0, Math.max(10, columns - 16));
  const head = `${paint("dim", (line.id ?? "").padEnd(12))}  `;
  if (isDone(line)) return head + paint("green", status);
  const { current = 0, total = 0 } = line.progressDetail ?? {};
  if (total <= 0) return head + status + (current > 0 ? `  ${decimalSize(current)}` : "");
  const full = Math.min(BAR, Math.floor((current / total) * BAR));
  const bar = paint("cyan", "━".repeat(full)) + paint("dim", "━".repeat(BAR - full));
  const room = columns > 14 + 16 + BAR + 24;
  return `${head}${status.padEnd(16)}${room ? `${bar}  ` : ""}${decimalSize(current)} of ${decimalSize(total)}`;
}
