/** A plan as text: what would be done, why, and after what. Pure. */
import type { Action, Step } from "../../../compose/converge/step.ts";
import { table } from "../../print/table.ts";
import { waitedFor } from "./words.ts";

export function sentenceOf(action: Action): string {
  switch (action.kind) {
    case "create network":
    case "create volume":
    case "remove network":
    case "remove volume":
    case "remove image":
      return `${action.kind} ${action.name}`;
    case "pull":
    case "push":
    case "build":
      return `${action.kind} ${action.image}`;
    case "create":
      return `create container ${action.name}`;
    case "rename":
      return `rename container ${action.container} to ${action.to}`;
    case "kill":
      return `kill container ${action.container} by ${action.signal}`;
    case "wait":
      return `wait for ${waitedFor({ action } as Step)}`;
    default:
      return `${action.kind} container ${action.container}`;
  }
}

/** A line each; numbers say what a step comes after. */
export function dryText(steps: readonly Step[]): string {
  if (steps.length === 0) return "nothing is to be done\n";
  const numbers = new Map(steps.map(({ id }, i) => [id, i + 1]));
  const rows = steps.map(({ action, after, why }, i) => [
    String(i + 1),
    sentenceOf(action),
    after
      .flatMap((id) => numbers.get(id) ?? [])
      .sort((a, b) => a - b)
      .join(", "),
    why,
  ]);
  return table([["STEP", "WHAT", "AFTER", "WHY"], ...rows]);
}
