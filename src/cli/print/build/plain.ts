/** A build as lines that follow each other, for logs: every line says whose it is. Pure: from what is told to text. */
import type { BuildLine, BuildLineOf, StepLine } from "../../../oci/build-line.ts";
import { amount, ending, summary, titleOf } from "./lines.ts";
import { lastWritten } from "./tail.ts";

export interface PlainOptions {
  readonly explains: boolean;
}

interface Running {
  /** As it is counted here: in the order of beginnings. */
  readonly number: number;
  readonly begun: number;
  /** A line that has not ended, of each of its streams. */
  readonly open: Map<string, string>;
}

/** Milliseconds between two lines of how far one thing is. */
const INTERVAL = 5000;

/** Answers what is to be written for each line that is told. */
export function plainText({ explains }: PlainOptions): (line: BuildLine) => string {
  const steps = new Map<number, Pick<StepLine, "place" | "text">>();
  const running = new Map<number, Running>();
  const said = new Map<string, number>();
  const counts = { done: 0, cached: 0 };
  let begun: number | undefined;
  let last: number | null = null;

  const begin = (step: number, at: number): Running => {
    const known = running.get(step);
    if (known !== undefined) return known;
    const fresh = { number: running.size + 1, begun: at, open: new Map<string, string>() };
    running.set(step, fresh);
    return fresh;
  };

  /** Lines of a step; its title comes before them wherever those of another one stood between. */
  const of = (step: number, at: number, lines: readonly string[]): string => {
    const { number } = begin(step, at);
    const known = steps.get(step);
    const isNew = last !== step;
    const head = isNew
      ? [`${last === null ? "" : "\n"}#${number} ${known === undefined ? `step ${step}` : titleOf(known)}`]
      : [];
    last = step;
    return [...head, ...lines.map((line) => `#${number} ${line}`)].map((line) => `${line}\n`).join("");
  };

  const output = ({ step, stream, text, at }: BuildLineOf<"output">): string => {
    const { begun: since, open } = begin(step, at);
    const lines = `${open.get(stream) ?? ""}${text}`.split("\n");
    open.set(stream, lines.pop() ?? "");
    const stamp = ((at - since) / 1000).toFixed(3);
    return lines.length === 0
      ? ""
      : of(
          step,
          at,
          lines.map((line) => `${stamp} ${lastWritten(line)}`),
        );
  };

  const end = ({ step, at, outcome }: BuildLineOf<"ended">): string => {
    const { begun: since, open } = begin(step, at);
    const stamp = ((at - since) / 1000).toFixed(3);
    const rest = [...open.values()]
      .filter((line) => line !== "")
      .map((line) => `${stamp} ${lastWritten(line)}`);
    open.clear();
    if (step >= 0 && (outcome.kind === "done" || outcome.kind === "cached")) counts[outcome.kind]++;
    return of(step, at, [...rest, ending(outcome, at - since, explains)]);
  };

  return (line) => {
    begun ??= line.at;
    switch (line.type) {
      case "build":
      case "graph":
        return "";
      case "started":
        steps.set(line.step, line);
        begin(line.step, line.at);
        return "";
      case "output":
        return output(line);
      case "progress": {
        const key = `${line.step} ${line.what}`;
        const isWhole = line.total !== undefined && line.current >= line.total;
        if (!isWhole && line.at - (said.get(key) ?? begin(line.step, line.at).begun) < INTERVAL) return "";
        if (said.get(key) === Number.POSITIVE_INFINITY) return "";
        said.set(key, isWhole ? Number.POSITIVE_INFINITY : line.at);
        return of(line.step, line.at, [`${line.what} ${amount(line.current, line.total)}`]);
      }
      case "ended":
        return end(line);
      case "warning":
        return `WARNING: ${line.warning.message}\n`;
      case "failed":
      case "held":
      case "checked":
        return "";
      case "image":
        last = null;
        return `\n${summary(line, counts, line.at - begun)}`;
    }
  };
}
