/** The last lines of a step's output. Pure. */

const MOST_LINES = 40;
const MOST_LETTERS = 1000;

/** What moves a cursor or colours something is not for lines that stand among others. */
const clean = (line: string): string =>
  Bun.stripANSI(line)
    .replace(/\t/g, "    ")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");

/** A carriage return begins a line anew: what it wrote last is what one would see. */
export const lastWritten = (line: string): string => line.replace(/\r+$/, "").replace(/^.*\r/, "");

export class Tail {
  readonly #lines: string[] = [];
  readonly #open = new Map<string, string>();

  add(stream: string, text: string): void {
    const lines = `${this.#open.get(stream) ?? ""}${text}`.split("\n");
    this.#open.set(stream, (lines.pop() ?? "").slice(-MOST_LETTERS));
    for (const line of lines.slice(-MOST_LINES))
      this.#lines.push(clean(lastWritten(line)).slice(0, MOST_LETTERS));
    this.#lines.splice(0, this.#lines.length - MOST_LINES);
  }

  last(count: number): readonly string[] {
    if (count <= 0) return [];
    const open = [...this.#open.values()]
      .map((line) => clean(lastWritten(line)))
      .filter((line) => line !== "");
    return [...this.#lines, ...open].slice(-count);
  }
}
