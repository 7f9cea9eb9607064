import { printError } from "./print-error.ts";
import { err } from "./terminal/output.ts";

/** Docker's way with several names: each is tried, failures are told one by one, and then the exit code is 1. */
export async function each(names: readonly string[], work: (name: string) => Promise<void>): Promise<number> {
  let status = 0;
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      err(printError(error));
      status = 1;
    }
  }
  return status;
}
