import { constants } from "node:os";
import { InroError } from "../oci/error.ts";

const NUMBERS: Readonly<Record<string, number>> = constants.signals;

/** signal(7): the real-time signals of Linux as programs see them. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** `SIGTERM`, `term`, `15`, `RTMIN+3` → a number. INVALID_OPTION. */
export function parseSignal(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = /^[0-9]+$/.test(name) ? Number(name) : (realTime(name) ?? NUMBERS[`SIG${name}`]);
  if (number !== undefined && number > 0 && number <= SIGRTMAX) return number;
  throw new InroError("INVALID_OPTION", {
    what: `cannot send the signal "${text}"`,
    why: "there is no such signal",
    hint: "names are those of signal(7), as SIGTERM, or numbers from 1 to 64",
    at: "--signal",
  });
}

function realTime(name: string): number | undefined {
  const match = /^RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?$/.exec(name);
  if (match === null) return undefined;
  const offset = Number(match[3] ?? 0) * (match[2] === "-" ? -1 : 1);
  const number = (match[1] === "MIN" ? SIGRTMIN : SIGRTMAX) + offset;
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined;
}
