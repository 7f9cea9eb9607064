import { constants } from "node:os";
import { InroError } from "../oci/error.ts";

const HIGHEST = 64;
const FIRST_REALTIME = 34;

/** A signal's number from `9`, `KILL` or `SIGKILL`, whatever the case; `RTMIN+3` too (signal(7)). */
export function signalNumber(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const realtime = /^RTM(IN\+|AX-)(\d+)$|^RTM(IN|AX)$/.exec(name);
  const number = /^\d+$/.test(name)
    ? Number(name)
    : realtime !== null
      ? realtimeNumber(realtime)
      : (constants.signals as Readonly<Record<string, number>>)[`SIG${name}`];
  if (number !== undefined && number >= 0 && number <= HIGHEST) return number;
  throw new InroError("SIGNAL_UNKNOWN", {
    what: `cannot send the signal "${text}"`,
    why: "there is no signal of this name",
    hint: "see signal(7)",
  });
}

function realtimeNumber([, side, offset, bare]: RegExpExecArray): number | undefined {
  const distance = Number(offset ?? 0);
  const fromLow = side === "IN+" || bare === "IN";
  const number = fromLow ? FIRST_REALTIME + distance : HIGHEST - distance;
  return number >= FIRST_REALTIME ? number : undefined;
}
