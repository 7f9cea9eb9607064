import type { SpecSeccomp } from "../../oci/runtime-spec.ts";
import DEFAULT_PROFILE from "./default-profile.json" with { type: "json" };
import { type ProfileFacts, resolveProfile, type SeccompProfile } from "./profile.ts";

/** What a container gets when nothing else is asked for: Docker's default profile, resolved. */
export function defaultSeccomp(facts: ProfileFacts): SpecSeccomp {
  return resolveProfile(DEFAULT_PROFILE as SeccompProfile, facts);
}
