import { InroError } from "../../oci/error.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";

/**
 * What a specification may ask for and this runtime cannot do yet. Passing over a wish in silence would make a container
 * less confined, or other, than its author thinks; so it is an error that names the wish.
 */
export function refuseUnsupported(spec: RuntimeSpec): void {
  const { linux = {} } = spec;
  refuseIf(linux.intelRdt !== undefined, "/linux/intelRdt", "Intel RDT");
}

function refuseIf(asked: boolean, at: string, what: string): void {
  if (!asked) return;
  throw new InroError("SPEC_UNSUPPORTED", {
    what: `cannot set the container up with ${what}`,
    why: "this runtime does not do that",
    hint: "leave it out of the specification",
    at,
  });
}
