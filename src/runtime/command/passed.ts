import { InroError } from "../../oci/error.ts";
import { type Caller, hasOpen } from "./caller.ts";
import { badFlag, wholeNumber } from "./options.ts";

const STREAMS = 3;
/** Far more than anybody passes, and what the native program takes at most. */
const MOST = 1000;

/** What of the caller's descriptors the program gets besides its streams, and how it is told of them. */
export interface Passed {
  /** From 3 on. */
  readonly count: number;
  readonly env: readonly string[];
}

/** `--preserve-fds N`, behind those of sd_listen_fds(3) that are meant for this process. */
export function passedDescriptors(caller: Caller, asked: string | undefined): Passed {
  const listening = listenDescriptors(caller);
  const preserved = asked === undefined ? 0 : wholeNumber(asked, "--preserve-fds");
  const count = listening + preserved;
  if (preserved < 0 || count > MOST)
    throw badFlag(`--preserve-fds ${asked}`, `it is not between 0 and ${MOST}`);
  for (let descriptor = STREAMS; descriptor < STREAMS + count; descriptor++)
    if (!hasOpen(caller, descriptor)) throw missing(descriptor);
  return {
    count,
    env: listening === 0 ? [] : [`LISTEN_FDS=${listening}`, "LISTEN_PID=1"],
  };
}

function missing(descriptor: number): InroError {
  return new InroError("DESCRIPTOR_MISSING", {
    what: `cannot pass descriptor ${descriptor} to the program`,
    why: "the caller has not opened it",
    hint: "--preserve-fds N needs descriptors 3 to 2 + N",
    at: "--preserve-fds",
  });
}

function listenDescriptors({ pid: caller, env }: Caller): number {
  const { LISTEN_PID: pid, LISTEN_FDS: count = "" } = env;
  return pid === String(caller) && /^\d{1,3}$/.test(count) ? Number(count) : 0;
}
