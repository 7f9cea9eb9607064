import type { Outcome } from "../oci/build-line.ts";
import { reasonOf } from "../oci/error.ts";
import type { Step, Tell } from "./progress.ts";

/** Tells of work as of a step: that it has started, and how it ended. */
export async function asStep<T>(
  { number: step, place, text, location }: Step,
  { tell, signal }: { readonly tell: Tell; readonly signal: AbortSignal },
  work: () => Promise<{ readonly result: T; readonly outcome: Outcome }>,
): Promise<T> {
  const end = (outcome: Outcome) => tell({ type: "ended", step, at: Date.now(), outcome });
  tell({ type: "started", step, at: Date.now(), place, text, location });
  try {
    const { result, outcome } = await work();
    end(outcome);
    return result;
  } catch (cause) {
    const message = reasonOf(cause);
    end(signal.aborted ? { kind: "canceled" } : { kind: "failed", message });
    throw cause;
  }
}
