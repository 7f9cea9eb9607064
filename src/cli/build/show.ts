/** Shows a build as it happens, and finds out what came of it. */
import type { BuildLine, BuildLineOf } from "../../oci/build-line.ts";
import { failureText } from "../print/build/failure.ts";
import { liveView } from "../print/build/live.ts";
import { plainText } from "../print/build/plain.ts";
import { Tail } from "../print/build/tail.ts";
import { err, isTerminal } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { picture, screenSize } from "../terminal/picture.ts";

export type Mode = "tty" | "plain" | "quiet" | "rawjson";

export interface Shown {
  show(line: BuildLine): void;
  /** Nothing is drawn any more. */
  end(): void;
}

/** Lines of a step's output that its failure shows. */
const MOST_OUTPUT = 20;

/** `write`: where what is told in lines goes. */
export function shown(mode: Mode, explains: boolean, write: (text: string) => void = err): Shown {
  const paint = paintFor(isTerminal(2));
  const tails = new Map<number, Tail>();
  const failure = (line: BuildLineOf<"failed">) => {
    const tail = line.step === null ? undefined : tails.get(line.step);
    write(failureText(line, tail?.last(MOST_OUTPUT) ?? [], paint, build));
  };
  let build: string | null = null;
  const keep = (line: BuildLine) => {
    if (line.type === "build") build = line.id;
    if (line.type === "started") tails.set(line.step, new Tail());
    if (line.type === "output") tails.get(line.step)?.add(line.stream, line.text);
    if (line.type === "ended" && line.outcome.kind !== "failed") tails.delete(line.step);
  };
  const begin = mode === "tty" ? live(explains) : mode === "plain" ? plain(explains, write) : silent(mode);
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

function plain(explains: boolean, write: (text: string) => void): Shown {
  const text = plainText({ explains });
  return { show: (line) => write(text(line)), end() {} };
}

const silent = (mode: Mode): Shown => ({
  show: (line) => void (mode === "rawjson" && err(`${JSON.stringify(line)}\n`)),
  end() {},
});

function live(explains: boolean): Shown {
  const view = liveView({ explains, paint: paintFor(true) });
  const shown = picture(view.frame);
  return {
    show(line) {
      shown.above(view.apply(line, screenSize().columns));
      shown.changed();
    },
    end: () => shown.end([]),
  };
}
