/** One image before the gate: let in by its rule, by a signature, or told why not. */
import { InroError } from "../../oci/error.ts";
import type { Reference } from "../../oci/reference.ts";
import type { Asked } from "./judge.ts";
import { type Applied, identityOf, keysOf } from "./policy.ts";
import { isVerified, type Outcome, type Unverified, type Verified } from "./verify.ts";

export interface Entering {
  /** `cannot pull "debian"`. */
  readonly what: string;
  /** Undefined for an image without a name. */
  readonly reference: Reference | undefined;
  readonly applied: Applied;
  /** Of the rule. */
  readonly name: string;
  /** What it means when there is no signature at all, and what to do then. */
  readonly without: { readonly why: string; readonly hint: string };
}

function refused(what: string, why: string, hint: string): InroError {
  return new InroError("TRUST_REFUSED", { what, why, hint });
}

function unsigned({ what, name, without }: Entering, { looked, whys, notes }: Unverified): InroError {
  const wants = `${name} wants a signature`;
  const told = [...whys.map((why) => `one ${why}`), ...notes];
  const details = told.length === 0 ? "" : `: ${told.join("; ")}`;
  if (looked === 0) return refused(what, `${wants}, and ${without.why}${details}`, without.hint);
  const hint = "have it signed by one of the keys";
  return refused(what, `${wants}, and of ${looked} that were found none counts${details}`, hint);
}

/** Lets in, by what `look` finds, or throws TRUST_REFUSED. */
export async function enter(
  entering: Entering,
  look: (asked: Asked) => Promise<Outcome>,
): Promise<Verified | undefined> {
  const { what, reference, applied, name } = entering;
  const { rule } = applied;
  if (rule === "accept") return undefined;
  if (rule === "reject") throw refused(what, `${name} rejects it`, "`inro image trust show` lists the rules");
  if (reference === undefined)
    throw refused(
      what,
      `${name} wants a signature, and the image has no name to be signed for`,
      "run it by a name",
    );
  const identity = identityOf(reference, applied);
  const outcome = await look({ keys: keysOf(rule), identity, tag: reference.tag });
  if (isVerified(outcome)) return outcome;
  throw unsigned(entering, outcome);
}

/** Of a registry that was asked. */
export const notFound = { why: "none was found", hint: "have it signed by one of the keys" };
