/**
 * A build on a terminal: what has ended stands above, a line each, and scrolls away as all text does; beneath it what is
 * under way, drawn anew as it changes. Pure: from what is told to text.
 */
import type { BuildLine, BuildLineOf } from "../../../oci/build-line.ts";
import type { Color, Paint } from "../../terminal/paint.ts";
import type { Size } from "../../terminal/picture.ts";
import { cut } from "../cut.ts";
import { amount, type Counts, seconds, summary, titleOf } from "./lines.ts";
import { Tail } from "./tail.ts";

export interface LiveOptions {
  readonly explains: boolean;
  readonly paint: Paint;
}

export interface LiveView {
  /** What is to stay on the screen, above what is drawn anew. */
  apply(line: BuildLine, columns: number): string;
  /** What is under way, a line each, none longer than the screen is wide. */
  frame(now: number, size: Size): readonly string[];
}

interface Bar {
  readonly what: string;
  readonly current: number;
  readonly total: number | undefined;
}

interface Running {
  readonly title: string;
  readonly begun: number;
  readonly tail: Tail;
  readonly bars: Map<string, Bar>;
}

const MOST_OUTPUT = 6;
const MOST_BARS = 8;
const BAR = 24;

/** Columns of times, with what separates them from the rest; a narrow window has no room for it. */
const leftOf = (width: number): number => (width < 30 ? 0 : 10);

/** A mark in the column of times, and what stands beside it. */
function row(mark: string, paintMark: (text: string) => string, text: string, width: number): string {
  const left = leftOf(width);
  return `${left === 0 ? "" : `${paintMark(mark.padStart(left - 2))}  `}${cut(text, width - left)}`;
}

export function liveView({ explains, paint }: LiveOptions): LiveView {
  const running = new Map<number, Running>();
  const counts = { done: 0, cached: 0 };
  let total = 0;
  let begun: number | undefined;

  const ended = ({ step, at, outcome }: BuildLineOf<"ended">, columns: number): string => {
    const known = running.get(step);
    running.delete(step);
    if (step >= 0 && (outcome.kind === "done" || outcome.kind === "cached")) counts[outcome.kind]++;
    if (known === undefined) return "";
    const { title } = known;
    const width = columns - 1;
    const why =
      explains && (outcome.kind === "done" || outcome.kind === "cached")
        ? `${" ".repeat(leftOf(width))}${paint("dim", outcome.why)}\n`
        : "";
    const line = (color: Color, mark: string) => `${row(mark, (text) => paint(color, text), title, width)}\n`;
    switch (outcome.kind) {
      case "done":
        return line("green", seconds(at - known.begun)) + why;
      case "cached":
        return line("dim", "cached") + why;
      case "failed":
        return line("red", "failed");
      case "canceled":
        return line("dim", "canceled");
    }
  };

  return {
    apply(line, columns) {
      begun ??= line.at;
      switch (line.type) {
        case "build":
          return "";
        case "graph":
          total = line.steps.filter(({ kind }) => kind !== "settings").length;
          return "";
        case "started":
          running.set(line.step, {
            ...{ title: titleOf(line), begun: line.at, tail: new Tail(), bars: new Map() },
          });
          return "";
        case "output":
          running.get(line.step)?.tail.add(line.stream, line.text);
          return "";
        case "progress":
          running.get(line.step)?.bars.set(line.what, line as Bar);
          return "";
        case "ended":
          return ended(line, columns);
        case "warning":
          return `${paint("yellow", "WARNING:")} ${line.warning.message}\n`;
        case "image":
          return summary(line, counts, line.at - begun);
        case "failed":
        case "held":
        case "checked":
          return "";
      }
    },
    frame(now, { rows, columns }) {
      if (begun === undefined) return [];
      const width = columns - 1;
      const steps = [...running.values()];
      const room = Math.max(1, rows - 3);
      const shown = steps.slice(0, steps.length > room ? room - 1 : room);
      const each = Math.floor((room - shown.length) / Math.max(1, shown.length));
      const lines = shown.flatMap((step) =>
        stepLines(step, now, Math.min(each, MOST_OUTPUT + MOST_BARS), width, paint),
      );
      const more = steps.length - shown.length;
      if (more > 0) lines.push(paint("dim", cut(`${" ".repeat(leftOf(width))}and ${more} more`, width)));
      return [headLine(now - begun, counts, total, width, paint), ...lines];
    },
  };
}

function headLine(
  took: number,
  { done, cached }: Counts,
  total: number,
  width: number,
  paint: Paint,
): string {
  const steps = total === 0 ? "" : `, ${done + cached} of ${total} steps`;
  return paint("bold", cut(`building ${seconds(took)}${steps}`, width));
}

function stepLines(step: Running, now: number, room: number, width: number, paint: Paint): string[] {
  const indent = " ".repeat(leftOf(width));
  const bars = [...step.bars.values()].filter(({ current, total }) => total === undefined || current < total);
  const drawn = bars
    .slice(0, Math.min(room, MOST_BARS))
    .map((bar) => indent + barLine(bar, width - indent.length, paint));
  const output = step.tail
    .last(Math.min(room - drawn.length, MOST_OUTPUT))
    .map((line) => paint("dim", cut(`${indent}│ ${line}`, width)));
  const time = seconds(now - step.begun);
  return [row(time, (text) => paint("cyan", text), step.title, width), ...drawn, ...output];
}

/** `sha256:a1b2c3d4e5f6 ━━━━━━━━━━━━ 12.3MB / 45.1MB`; without the bar where there is no room for it. */
function barLine({ what, current, total }: Bar, width: number, paint: Paint): string {
  const name = what.replace(/^sha256:([0-9a-f]{12})[0-9a-f]+$/, "$1");
  const told = amount(current, total);
  if (total === undefined || total === 0 || width < name.length + BAR + told.length + 2)
    return cut(`${name} ${told}`, width);
  const full = Math.min(BAR, Math.floor((current / total) * BAR));
  return `${name} ${paint("cyan", "━".repeat(full))}${paint("dim", "━".repeat(BAR - full))} ${told}`;
}
