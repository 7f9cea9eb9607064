import { isTerminal } from "../terminal/output.ts";
import { type Paint, paintFor } from "../terminal/paint.ts";
import type { ComposeValues } from "./options.ts";

/** Of what goes to standard output, by `--ansi`, COMPOSE_ANSI, and whether it is a terminal. */
export function colours({ ansi, "no-ansi": none }: ComposeValues, never = false): Paint {
  const asked = never || none ? "never" : (ansi ?? (process.env["COMPOSE_ANSI"] || "auto"));
  return paintFor(asked === "always" || (asked !== "never" && isTerminal(1)));
}
