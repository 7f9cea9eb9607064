import { badFlag, wholeNumber } from "./options.ts";

const STREAMS = 3;
/** Far more than anybody passes, and what the native program takes at most. */
const MOST = 1000;

/** What of the caller's descriptors the program gets besides its streams, and how it is told of them. */
export interface Passed {
  readonly descriptors: readonly number[];
  readonly env: readonly string[];
}

/** `--preserve-fds N`, behind those of sd_listen_fds(3) that are meant for this process. */
export function passedDescriptors(asked: string | undefined): Passed {
  const listening = listenDescriptors();
  const preserved = asked === undefined ? 0 : wholeNumber(asked, "--preserve-fds");
  const count = listening + preserved;
  if (preserved < 0 || count > MOST)
    throw badFlag(`--preserve-fds ${asked}`, `it is not between 0 and ${MOST}`);
  return {
    descriptors: Array.from({ length: count }, (_, at) => STREAMS + at),
    env: listening === 0 ? [] : [`LISTEN_FDS=${listening}`, "LISTEN_PID=1"],
  };
}

function listenDescriptors(): number {
  const { LISTEN_PID: pid, LISTEN_FDS: count = "" } = process.env;
  return pid === String(process.pid) && /^\d{1,3}$/.test(count) ? Number(count) : 0;
}
