import { constants } from "node:os";
import { InroError } from "../oci/error.ts";

const NUMBERS: Readonly<Record<string, number>> = constants.signals;

/** signal(7): the real-time signals of Linux as programs see them. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/**
 * A signal's number from `9`, `KILL` or `SIGKILL`, whatever the case; `RTMIN+3` too (signal(7)). 0, which asks whether a
 * process is there (kill(2)), only where `lowest` allows it. SIGNAL_UNKNOWN.
 */
export function signalNumber(text: string, lowest: 0 | 1 = 1): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = /^[0-9]+$/.test(name) ? Number(name) : (realTime(name) ?? NUMBERS[`SIG${name}`]);
  if (number !== undefined && number >= lowest && number <= SIGRTMAX) return number;
  throw new InroError("SIGNAL_UNKNOWN", {
    what: `cannot send the signal "${text}"`,
    why: "there is no such signal",
    hint: "names are those of signal(7), as SIGTERM, or numbers from 1 to 64",
  });
}

function realTime(name: string): number | undefined {
  const match = /^RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?$/.exec(name);
  if (match === null) return undefined;
  const offset = Number(match[3] ?? 0) * (match[2] === "-" ? -1 : 1);
  const number = (match[1] === "MIN" ? SIGRTMIN : SIGRTMAX) + offset;
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined;
}
