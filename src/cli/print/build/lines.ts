/** Words that both views of a build have in common. Pure. */
import type { BuildLineOf, Outcome, StepLine } from "../../../oci/build-line.ts";
import { decimalSize } from "../human.ts";

export const seconds = (milliseconds: number): string => `${(Math.max(0, milliseconds) / 1000).toFixed(1)}s`;

const inOneLine = (text: string): string => text.replace(/\s*\n\s*/g, " ↵ ");

/** `[build 2/5] RUN make`, on one line. */
export const titleOf = ({ place, text }: Pick<StepLine, "place" | "text">): string =>
  `[${place}] ${inOneLine(text)}`;

export function amount(current: number, total: number | undefined): string {
  return total === undefined ? decimalSize(current) : `${decimalSize(current)} / ${decimalSize(total)}`;
}

type ImageLine = BuildLineOf<"image">;

export interface Counts {
  readonly done: number;
  readonly cached: number;
}

const MOST_SIZES = 12;

/** In the order of the file. */
function largest(sizes: ImageLine["sizes"]): ImageLine["sizes"] {
  if (sizes.length <= MOST_SIZES) return sizes;
  const kept = new Set(sizes.toSorted((a, b) => b.bytes - a.bytes).slice(0, MOST_SIZES - 1));
  return sizes.filter((each) => kept.has(each));
}

/** What came of a build: its image, and what each instruction added to it. */
export function summary({ id, names, sizes }: ImageLine, counts: Counts, took: number): string {
  const steps = counts.done + counts.cached;
  const cached = counts.cached === 0 ? "" : `, ${counts.cached} from the cache`;
  const shown = largest(sizes);
  const rest = sizes.filter((each) => !shown.includes(each));
  const widest = Math.max(0, ...shown.map(({ bytes }) => decimalSize(bytes).length));
  return [
    `built ${id} in ${seconds(took)}: ${steps} step${steps === 1 ? "" : "s"}${cached}`,
    ...names.map((name) => `named ${name}`),
    ...shown.map(({ text, bytes }) => `  ${decimalSize(bytes).padStart(widest)}  ${inOneLine(text)}`),
    ...(rest.length === 0
      ? []
      : [
          `  and ${rest.length} smaller ones: ${decimalSize(rest.reduce((sum, { bytes }) => sum + bytes, 0))}`,
        ]),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

/** `DONE 0.3s`, `CACHED`, `ERROR …`, `CANCELED`; `why` where it was asked for. */
export function ending(outcome: Outcome, took: number, explains: boolean): string {
  const why = explains && (outcome.kind === "done" || outcome.kind === "cached") ? ` (${outcome.why})` : "";
  switch (outcome.kind) {
    case "done":
      return `DONE ${seconds(took)}${why}`;
    case "cached":
      return `CACHED${why}`;
    case "failed":
      return `ERROR: ${outcome.message}`;
    case "canceled":
      return "CANCELED";
  }
}
