/** A run's steps as lines that follow each other. Pure: from what is told to text. */
import type { Step, StepEvent } from "../../../compose/converge/step.ts";
import { messageOf } from "./message.ts";
import { silent, wordsOf } from "./words.ts";

/** Answers what is to be written for each thing that is told. */
export function plainText(steps: readonly Step[]): (event: StepEvent) => string {
  const unsaid = silent(steps);
  return (event) => {
    if (event.kind === "warning" || unsaid.has(event.step.id)) return "";
    const words = wordsOf(event.step.action);
    const line = (title: string, text: string) => ` ${title}  ${text}\n`;
    const all = (text: string) => words.titles.map((title) => line(title, text)).join("");
    switch (event.kind) {
      case "started":
        return all(words.doing);
      case "done":
        return all(words.done);
      case "skipped":
        return all("Skipped");
      case "failed":
        return all(`Error ${messageOf(event.error)}`);
      case "progress":
        return "";
    }
  };
}
