import { isTerminal } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { binarySize } from "./human.ts";

/** One of the changes that the engine's `edit` makes. */
export interface Change {
  readonly Kind: string;
  readonly Of: string;
  readonly From: string | null;
  readonly To: string | null;
  readonly When: "live" | "restart";
}

/** What happens at once, and what needs a restart; of what rests all of it waits for its next start. */
export function changeList(changes: readonly Change[], rests: boolean): string {
  if (changes.length === 0) return "Nothing to change.\n";
  if (rests) return part("From its next start on", changes);
  const of = (when: Change["When"]) => changes.filter(({ When }) => When === when);
  return part("At once", of("live")) + part("With a restart; its files and volumes stay", of("restart"));
}

function part(title: string, changes: readonly Change[]): string {
  const paint = paintFor(isTerminal(1));
  if (changes.length === 0) return "";
  return `${paint("bold", title)}\n${changes.map((change) => `  ${line(change)}\n`).join("")}`;
}

function line({ Kind, Of, From, To }: Change): string {
  const paint = paintFor(isTerminal(1));
  const what = Of === "" ? Kind : `${Kind} ${Of}`;
  const shown = (value: string) =>
    /^memory/.test(Kind) && /^\d+$/.test(value) ? binarySize(Number(value)) : value;
  const [from, to] = [shown(From ?? ""), shown(To ?? "")];
  if (From === null) return paint("green", `+ ${what}${to === "" ? "" : ` = ${to}`}`);
  if (To === null) return paint("red", `- ${what}${from === "" ? "" : ` = ${from}`}`);
  return `~ ${what}: ${from} → ${to}`;
}
