import { ApiError } from "../client/client.ts";

/** Docker's exit status for a program that could not be started, read out of the engine's words as its CLI does. */
export function startStatus(error: unknown): 125 | 126 | 127 {
  if (!(error instanceof ApiError)) return 125;
  if (/executable file not found|no such file or directory/.test(error.message)) return 127;
  if (/permission denied|is a directory/.test(error.message)) return 126;
  return 125;
}
