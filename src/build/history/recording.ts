import { closeSync, openSync, writeSync } from "node:fs";
import { gathering } from "../../platform/gathering.ts";
import { eventLine } from "../event-line.ts";
import type { Tell } from "../progress.ts";
import type { BuildRecord } from "./history.ts";

const NOTE = Buffer.from("\n(the log is full: what this step writes from here on is not kept)\n");

/**
 * Writes what is told to a file, output up to so many bytes, of one step up to a quarter of them. A log that cannot be written is no reason to end a build: it
 * ends there.
 */
export function recordingIn(
  path: string,
  most: number,
  /** Called when more of it is in the file. */
  onWritten: () => void,
): {
  readonly tell: Tell;
  close(): { readonly steps: BuildRecord["steps"]; readonly bytes: number };
} {
  const file = openSync(path, "ax", 0o600);
  const line = eventLine();
  const steps = { done: 0, cached: 0 };
  let written = 0;
  let isBroken = false;
  const outputs = new Map<number, number>();
  const full = new Set<number>();
  const gathered = gathering((text) => {
    if (isBroken) return;
    const bytes = Buffer.from(text);
    written += bytes.length;
    try {
      for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(writeSync(file, rest));
    } catch {
      isBroken = true;
    }
    onWritten();
  });
  const put = (value: object | null) => {
    if (value !== null) gathered.add(`${JSON.stringify(value)}\n`);
  };
  return {
    tell(event) {
      if (event.type === "progress") return;
      if (event.type === "ended" && (event.outcome.kind === "done" || event.outcome.kind === "cached"))
        steps[event.outcome.kind]++;
      if (event.type !== "output") return put(line(event));
      const before = outputs.get(event.step) ?? 0;
      outputs.set(event.step, before + event.data.length);
      if (before <= most / 4 && written <= most) return put(line(event));
      if (!full.has(event.step)) put(line({ ...event, data: NOTE }));
      full.add(event.step);
    },
    close() {
      gathered.flush();
      closeSync(file);
      return { steps, bytes: written };
    },
  };
}
