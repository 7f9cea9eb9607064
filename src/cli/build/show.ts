/** Shows a build as it happens, and finds out what came of it. */
import type { BuildLine, BuildLineOf } from "../../oci/build-line.ts";
import { failureText } from "../print/build/failure.ts";
import { liveView, type Size } from "../print/build/live.ts";
import { plainText } from "../print/build/plain.ts";
import { redraw } from "../print/build/redraw.ts";
import { Tail } from "../print/build/tail.ts";
import { err, isTerminal } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";

export type Mode = "tty" | "plain" | "quiet" | "rawjson";

export interface Shown {
  show(line: BuildLine): void;
  /** Nothing is drawn any more. */
  end(): void;
}

/** Lines of a step's output that its failure shows. */
const MOST_OUTPUT = 20;
/** Milliseconds between two pictures where nothing but time goes on. */
const TICK = 100;
/** Milliseconds between two pictures at least. */
const FRAME = 33;

export function shown(mode: Mode, explains: boolean): Shown {
  const paint = paintFor(isTerminal(2));
  const tails = new Map<number, Tail>();
  const failure = (line: BuildLineOf<"failed">) => {
    const tail = line.step === null ? undefined : tails.get(line.step);
    err(failureText(line, tail?.last(MOST_OUTPUT) ?? [], paint, build));
  };
  let build: string | null = null;
  const keep = (line: BuildLine) => {
    if (line.type === "build") build = line.id;
    if (line.type === "started") tails.set(line.step, new Tail());
    if (line.type === "output") tails.get(line.step)?.add(line.stream, line.text);
    if (line.type === "ended" && line.outcome.kind !== "failed") tails.delete(line.step);
  };
  const begin = mode === "tty" ? live(explains) : mode === "plain" ? plain(explains) : silent(mode);
  return {
    show(line) {
      keep(line);
      begin.show(line);
      if (line.type !== "failed" || mode === "rawjson") return;
      begin.end();
      failure(line);
    },
    end: () => begin.end(),
  };
}

function plain(explains: boolean): Shown {
  const text = plainText({ explains });
  return { show: (line) => err(text(line)), end() {} };
}

const silent = (mode: Mode): Shown => ({
  show: (line) => void (mode === "rawjson" && err(`${JSON.stringify(line)}\n`)),
  end() {},
});

function live(explains: boolean): Shown {
  const view = liveView({ explains, paint: paintFor(true) });
  let drawn: readonly string[] = [];
  let above = "";
  let last = 0;
  const draw = (lines: (size: Size) => readonly string[]) => {
    const size = screenSize();
    const next = lines(size);
    const bytes = redraw(drawn, above, next, size.columns);
    drawn = next;
    above = "";
    last = performance.now();
    if (bytes !== "") err(bytes);
  };
  const picture = () => draw((size) => view.frame(Date.now(), size));
  const timer = setInterval(picture, TICK);
  const resized = () => {
    process.stderr._refreshSize?.();
    picture();
  };
  process.on("SIGWINCH", resized);
  return {
    show(line) {
      above += view.apply(line, screenSize().columns);
      if (performance.now() - last >= FRAME) picture();
    },
    end() {
      clearInterval(timer);
      process.off("SIGWINCH", resized);
      if (above !== "" || drawn.length > 0) draw(() => []);
    },
  };
}

function screenSize(): Size {
  const { rows, columns } = process.stderr;
  return { rows: rows || 24, columns: columns || 80 };
}
