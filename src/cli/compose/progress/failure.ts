/** The first step that failed, for people. Pure. */
import type { StepEvent } from "../../../compose/converge/step.ts";
import type { Paint } from "../../terminal/paint.ts";
import { messageOf } from "./message.ts";

type Failed = StepEvent & { readonly kind: "failed" };

/** docker compose's exit codes. */
const STATUS: Readonly<Record<string, number>> = { build: 17, pull: 18 };

export const statusOf = ({ step }: Failed): number => STATUS[step.action.kind] ?? 1;

/** `service "web": cannot …`. */
export function failureMessage({ step, error }: Failed): string {
  const message = messageOf(error);
  const { action } = step;
  if (!("service" in action) || message.includes(`"${action.service}"`)) return message;
  return `service "${action.service}": ${message}`;
}

/** The last lines of the container that failed, set apart. */
export function lastLines({ logs = [] }: Failed, paint: Paint): string {
  if (logs.length === 0) return "";
  return logs.map((line) => `${paint("dim", `  │ ${line}`)}\n`).join("");
}
