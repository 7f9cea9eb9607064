import { InroError, reasonOf } from "./error.ts";

/** How a container's process (or an exec session's) ended. Times are nanoseconds since the epoch. */
export interface Exit {
  /** What the process passed to exit(2), 0 to 255; 0 when a signal ended it. */
  readonly code: number;
  /** The signal that ended it, or 0. */
  readonly signal: number;
  /** The kernel's out-of-memory killer killed a process of the container. */
  readonly oomKilled: boolean;
  /** 0n when it was never started. */
  readonly startedAt: bigint;
  readonly finishedAt: bigint;
  /** Bytes of output that no log could take (a full disk). */
  readonly lostBytes: number;
  /**
   * The monitor told it, which it does when what the plan made is taken back. An exit file is written before: who reads it
   * cannot know.
   */
  readonly undone: boolean;
}

/** The exit code that Docker and every shell report: a death by signal n is 128 + n. */
export function exitCode(exit: Exit): number {
  return exit.signal === 0 ? exit.code : 128 + exit.signal;
}

/**
 * Parses an exit file: `{"version":1,"pid":n,"code":n,"signal":n,"oomKilled":b,"startedAt":"ns",
 * "finishedAt":"ns","lostBytes":n}`. The monitor writes it whole or not at all.
 */
export function parseExit(text: string, path: string): Exit {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    if (value["version"] !== 1) throw new Error(`version ${String(value["version"])} is not 1`);
    return {
      code: integer(value, "code"),
      signal: integer(value, "signal"),
      oomKilled: value["oomKilled"] === true,
      startedAt: nanoseconds(value, "startedAt"),
      finishedAt: nanoseconds(value, "finishedAt"),
      lostBytes: integer(value, "lostBytes"),
      undone: false,
    };
  } catch (cause) {
    throw new InroError("EXIT_FILE_INVALID", {
      what: `cannot read the exit status in "${path}"`,
      why: reasonOf(cause),
      cause,
    });
  }
}

function integer(value: Record<string, unknown>, name: string): number {
  const field = value[name];
  if (typeof field !== "number" || !Number.isSafeInteger(field) || field < 0) {
    throw new Error(`"${name}" is not a count`);
  }
  return field;
}

function nanoseconds(value: Record<string, unknown>, name: string): bigint {
  const field = value[name];
  if (typeof field !== "string" || !/^\d{1,20}$/.test(field)) throw new Error(`"${name}" is not a time`);
  return BigInt(field);
}
