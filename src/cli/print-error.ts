import { ApiError } from "../client/client.ts";
import { reasonOf } from "../oci/error.ts";
import { inOptions } from "./fields.ts";
import { isTerminal, OutputGone } from "./terminal/output.ts";
import { paintFor } from "./terminal/paint.ts";

/** One line: what failed, why, what to do. */
export function printError(error: unknown): string {
  if (error instanceof OutputGone) throw error;
  const paint = paintFor(isTerminal(2));
  const text = reasonOf(error).replace(/\s*\n\s*/g, "; ");
  const message = error instanceof ApiError ? inOptions(text) : text;
  return `${paint("red", "inro:")} ${message}\n`;
}

/** The same of something that does not hinder. */
export function printWarning(error: unknown): string {
  const message = reasonOf(error);
  return `${paintFor(isTerminal(2))("yellow", "WARNING:")} ${message}\n`;
}
