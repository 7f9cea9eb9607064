/** A run's steps as JSON, a line each, in the shape of compose v2's `--progress json`. Pure. */
import type { Step, StepEvent } from "../../../compose/converge/step.ts";
import { messageOf } from "./message.ts";
import { silent, wordsOf } from "./words.ts";

export function jsonText(steps: readonly Step[]): (event: StepEvent) => string {
  const unsaid = silent(steps);
  const line = (fields: object) => `${JSON.stringify(fields)}\n`;
  return (event) => {
    if (event.kind === "warning") return line({ status: "Warning", text: event.text });
    if (unsaid.has(event.step.id)) return "";
    const words = wordsOf(event.step.action);
    const all = (fields: object) => words.titles.map((id) => line({ id, ...fields })).join("");
    switch (event.kind) {
      case "started":
        return all({ status: "Working", text: words.doing });
      case "done":
        return all({ status: "Done", text: words.done });
      case "skipped":
        return all({ status: "Done", text: "Skipped" });
      case "failed":
        return all({ status: "Error", text: messageOf(event.error) });
      case "progress": {
        const { text, current, total } = event;
        return all({ status: "Working", text, current, total, percent: percent(current, total) });
      }
    }
  };
}

const percent = (current: number | undefined, total: number | undefined): number | undefined =>
  current === undefined || total === undefined || total === 0
    ? undefined
    : Math.floor((current / total) * 100);
