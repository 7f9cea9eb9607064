import type { Color, Paint } from "../../terminal/paint.ts";
import type { LogLine } from "./lines.ts";

const COLORS: readonly Color[] = ["cyan", "yellow", "green", "magenta", "blue"];

export interface PrinterOptions {
  readonly prefix: boolean;
  readonly timestamps: boolean;
  readonly paint: Paint;
  readonly write: (bytes: Uint8Array, stream: LogLine["stream"]) => void;
}

export interface Printer {
  /** Those whose lines are to come: their names make the column as wide as it is. */
  expect(labels: readonly string[]): void;
  line(label: string, line: LogLine): void;
  /** `web-1 exited with code 3`. */
  ended(label: string, code: number): void;
}

/** `web-1  | text`, each container in a colour of its own. */
export function printer({ prefix, timestamps, paint, write }: PrinterOptions): Printer {
  const colors = new Map<string, Color>();
  let widest = 0;
  const expect = (labels: readonly string[]) => {
    for (const label of labels) {
      if (!colors.has(label)) colors.set(label, COLORS[colors.size % COLORS.length] ?? "cyan");
      widest = Math.max(widest, label.length);
    }
  };
  return {
    expect,
    line(label, { time, stream, text }) {
      expect([label]);
      const head = prefix ? paint(colors.get(label) ?? "cyan", `${label.padEnd(widest)}  | `) : "";
      const bytes = Buffer.from(`${head}${timestamps ? `${time} ` : ""}${text}\n`, "latin1");
      write(bytes, stream);
    },
    ended(label, code) {
      expect([label]);
      const text = `${label} exited with code ${code}`;
      write(Buffer.from(`${paint(colors.get(label) ?? "cyan", text)}\n`), "stdout");
    },
  };
}
