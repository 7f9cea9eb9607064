/**
 * A run's steps on a terminal: a line for each network, volume, image and container, with its state, its time, and what it
 * waits for. Pure: from what is told to text.
 */
import type { Step, StepEvent } from "../../../compose/converge/step.ts";
import { amount, seconds } from "../../print/build/lines.ts";
import { cut } from "../../print/cut.ts";
import type { Color, Paint } from "../../terminal/paint.ts";
import type { Size } from "../../terminal/picture.ts";
import { silent, waitedFor, wordsOf } from "./words.ts";

export interface LiveView {
  apply(event: StepEvent, now: number): void;
  /** A line each, none longer than the screen is wide. */
  frame(now: number, size: Size): readonly string[];
}

type State = "pending" | "working" | "waiting" | "done" | "failed";

interface Row {
  readonly title: string;
  /** Of all its steps, in their order. */
  readonly steps: Step[];
  state: State;
  text: string;
  begun: number | undefined;
  ended: number | undefined;
  progress: Bar | undefined;
}

interface Bar {
  readonly text: string;
  readonly current: number | undefined;
  readonly total: number | undefined;
}

const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
/** Milliseconds of one of its letters. */
const TURN = 100;
const BAR = 20;
/** Columns of a row's name and state at least. */
const LEAST = 16;

const MARKS: Readonly<Record<Exclude<State, "working">, readonly [string, Color]>> = {
  pending: ["·", "dim"],
  waiting: ["◌", "yellow"],
  done: ["✔", "green"],
  failed: ["✘", "red"],
};

/** `verb`: what the head calls the run. */
export function liveView(steps: readonly Step[], { verb, paint }: { verb: string; paint: Paint }): LiveView {
  const rows = rowsOf(steps);
  const unsaid = silent(steps);
  const over = new Set<string>();
  const failed = new Set<string>();
  const byId = new Map(steps.map((step) => [step.id, step]));
  let begun: number | undefined;

  const change = (step: Step, work: (row: Row, words: { doing: string; done: string }) => void) => {
    if (unsaid.has(step.id)) return;
    const words = wordsOf(step.action);
    for (const title of words.titles) {
      const row = rows.get(title);
      if (row !== undefined) work(row, words);
    }
  };

  return {
    apply(event, now) {
      begun ??= now;
      if (event.kind === "warning") return;
      const { step } = event;
      if (event.kind !== "started" && event.kind !== "progress") over.add(step.id);
      change(step, (row, words) => {
        row.begun ??= now;
        row.progress = undefined;
        switch (event.kind) {
          case "started":
            row.state = step.action.kind === "wait" ? "waiting" : "working";
            row.text = words.doing;
            row.ended = undefined;
            return;
          case "progress":
            row.progress = {
              text: step.action.kind === "wait" ? `${words.doing}: ${unnamed(event.text, row)}` : event.text,
              ...{ current: event.current, total: event.total },
            };
            return;
          case "done":
          case "skipped":
            row.state = "pending";
            row.text = event.kind === "done" ? words.done : "Skipped";
            row.ended = now;
            return;
          case "failed":
            failed.add(step.id);
            row.state = "failed";
            row.text = "Failed";
            row.ended = now;
        }
      });
    },
    frame(now, { rows: height, columns }) {
      if (begun === undefined) return [];
      const all = [...rows.values()];
      for (const row of all) {
        if (row.state !== "pending") continue;
        if (row.steps.every(({ id }) => over.has(id))) row.state = "done";
        else if (failed.size > 0)
          row.text = row.text === "" ? "not begun" : `${row.text.split(",")[0]}, and no more`;
      }
      const left = all.filter(({ state }) => state !== "done");
      const head = `${verb} ${seconds(now - begun)}, ${all.length - left.length} of ${all.length}`;
      const room = Math.max(1, height - 3);
      const shown = all.length <= room ? all : left.slice(0, room);
      const hidden = all.length - shown.length;
      const widest = Math.max(0, ...shown.map(({ title }) => title.length));
      const more = hidden === 0 ? [] : [paint("dim", cut(`   and ${hidden} more`, columns - 1))];
      const line = (row: Row) => {
        const waits = waitsOf(row, byId, over);
        return rowLine(row, { now, widest, width: columns - 1, paint, waits });
      };
      return [paint("bold", cut(head, columns - 1)), ...shown.map(line), ...more];
    },
  };
}

/** What is said of the row's own container: `starting` of `app-web-1 is starting`. */
function unnamed(text: string, { title }: Row): string {
  const start = `${title.slice(title.indexOf(" ") + 1)} is `;
  return text.startsWith(start) ? text.slice(start.length) : text;
}

function rowsOf(steps: readonly Step[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const step of steps)
    for (const title of wordsOf(step.action).titles) {
      const row = rows.get(title);
      if (row !== undefined) row.steps.push(step);
      else
        rows.set(title, {
          ...{ title, steps: [step], state: "pending", text: "" },
          ...{ begun: undefined, ended: undefined, progress: undefined },
        });
    }
  return rows;
}

/** What the row's next step comes after and is not reached yet: `db to be healthy`. */
function waitsOf(row: Row, byId: ReadonlyMap<string, Step>, over: ReadonlySet<string>): readonly string[] {
  if (row.state !== "pending") return [];
  const next = row.steps.find(({ id, action }) => !over.has(id) && action.kind !== "wait");
  return (next?.after ?? []).flatMap((id) => {
    const step = over.has(id) ? undefined : byId.get(id);
    return step === undefined ? [] : (waitedFor(step) ?? []);
  });
}

interface Drawing {
  readonly now: number;
  readonly widest: number;
  readonly width: number;
  readonly paint: Paint;
  readonly waits: readonly string[];
}

function rowLine(row: Row, { now, widest, width, paint, waits }: Drawing): string {
  const spin = SPINNER[Math.floor(now / TURN) % SPINNER.length] ?? "";
  const isWaiting = waits.length > 0;
  const state = isWaiting ? "waiting" : row.state;
  const [mark, color] = state === "working" ? [spin, "cyan" as const] : MARKS[state];
  const text = isWaiting ? `waits for ${waits.join(" and ")}` : (row.progress?.text ?? row.text);
  const time = row.begun === undefined ? "" : seconds((row.ended ?? now) - row.begun);
  const bar = row.progress === undefined ? "" : barOf(row.progress, paint);
  const body = `${row.title.padEnd(widest)}  ${text}`;
  const ends = [bar, time === "" || isWaiting ? "" : paint("dim", time)].filter((part) => part !== "");
  const taken = ends.reduce((sum, part) => sum + Bun.stringWidth(part) + 2, 3);
  // Where there is no room for it, what something is counts more than how far it is.
  const end = width - taken < LEAST ? [] : ends;
  const room = width - 3 - (end.length === 0 ? 0 : taken - 3);
  return [` ${paint(color, mark)} ${cut(body, Math.max(1, room))}`, ...end].join("  ");
}

function barOf({ current, total }: Bar, paint: Paint): string {
  if (current === undefined) return "";
  if (total === undefined || total === 0) return amount(current, undefined);
  const full = Math.min(BAR, Math.floor((current / total) * BAR));
  return `${paint("cyan", "━".repeat(full))}${paint("dim", "━".repeat(BAR - full))} ${amount(current, total)}`;
}
