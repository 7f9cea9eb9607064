import { redraw } from "../print/redraw.ts";
import { err } from "./output.ts";

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** Lines at the foot of the terminal that are drawn anew as they change. */
export interface Picture {
  /** Text that stays, above them; it is there with the next picture. */
  above(text: string): void;
  /** Something is new; drawn at once, unless the last picture is too young. */
  changed(): void;
  /** The last picture: what `frame` answers, or what is given. */
  end(lines?: readonly string[]): void;
}

/** Milliseconds between two pictures where nothing but time goes on. */
const TICK = 100;
/** Milliseconds between two pictures at least. */
const FRAME = 33;

/** On standard error. */
export function picture(frame: (now: number, size: Size) => readonly string[]): Picture {
  let drawn: readonly string[] = [];
  let waiting = "";
  let last = 0;
  const draw = (given?: readonly string[]) => {
    const size = screenSize();
    const lines = given ?? frame(Date.now(), size);
    const bytes = redraw(drawn, waiting, lines, size.columns);
    drawn = lines;
    waiting = "";
    last = performance.now();
    if (bytes !== "") err(bytes);
  };
  const timer = setInterval(draw, TICK, undefined);
  const resized = () => {
    process.stderr._refreshSize?.();
    draw();
  };
  process.on("SIGWINCH", resized);
  return {
    above(text) {
      waiting += text;
    },
    changed() {
      if (performance.now() - last >= FRAME) draw();
    },
    end(lines) {
      clearInterval(timer);
      process.off("SIGWINCH", resized);
      if (lines === undefined || waiting !== "" || drawn.length > 0) draw(lines);
    },
  };
}

export function screenSize(): Size {
  const { rows, columns } = process.stderr;
  return { rows: rows || 24, columns: columns || 80 };
}
