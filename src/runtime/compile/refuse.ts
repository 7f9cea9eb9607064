import { InroError } from "../../oci/error.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";

/**
 * What a specification may ask for and this runtime cannot do yet. Passing over a wish in silence would make a container
 * less confined, or other, than its author thinks; so it is an error that names the wish.
 */
export function refuseUnsupported(spec: RuntimeSpec): void {
  const { linux = {} } = spec;
  refuseIf(linux.intelRdt !== undefined, "/linux/intelRdt", "Intel RDT");
  refuseIf(linux.mountLabel !== undefined && linux.mountLabel !== "", "/linux/mountLabel", "SELinux labels");
  const namespaces = linux.namespaces ?? [];
  refuseIf(
    !namespaces.some(({ type }) => type === "mount"),
    "/linux/namespaces",
    "sharing the mount namespace",
  );
  for (const [index, { type, path = "" }] of namespaces.entries()) {
    const joins = path !== "" && type === "mount";
    refuseIf(joins, `/linux/namespaces/${index}`, "joining a mount namespace");
  }
}

function refuseIf(asked: boolean, at: string, what: string): void {
  if (!asked) return;
  throw new InroError("SPEC_UNSUPPORTED", {
    what: `cannot set the container up with ${what}`,
    why: "this runtime does not do that yet",
    hint: "leave it out of the specification",
    at,
  });
}
