import type { SpecSeccomp } from "../../oci/runtime-spec.ts";
import { badSeccomp, filterFlags, notifies } from "./actions.ts";
import { KNOWN_ARCHITECTURES } from "./architecture.ts";

const AT = "/linux/seccomp";

/** What config-linux.md, "Seccomp", forbids of a filter. */
export function checkSeccomp(seccomp: SpecSeccomp): void {
  const { architectures = [], syscalls = [] } = seccomp;
  for (const [index, name] of architectures.entries()) {
    if (!KNOWN_ARCHITECTURES.has(name)) {
      throw badSeccomp(`${AT}/architectures/${index}`, `"${name}" is not an architecture`);
    }
  }
  for (const [index, { names }] of syscalls.entries()) {
    if (names.length === 0)
      throw badSeccomp(`${AT}/syscalls/${index}/names`, "the rule names no system call");
  }
  filterFlags(seccomp);
}

/** What it forbids of a listener, and what no supervisor could serve. */
export function checkListener(seccomp: SpecSeccomp): void {
  const { defaultAction, listenerPath = "", listenerMetadata = "" } = seccomp;
  if (listenerMetadata !== "" && listenerPath === "") {
    throw badSeccomp(`${AT}/listenerMetadata`, "there is no listenerPath to send it to");
  }
  // It would ask about what still has to be done before anybody can answer.
  if (defaultAction === "SCMP_ACT_NOTIFY") {
    throw badSeccomp(`${AT}/defaultAction`, "SCMP_ACT_NOTIFY cannot be what happens to every call");
  }
  if (notifies(seccomp) && listenerPath === "") {
    throw badSeccomp(`${AT}/listenerPath`, "SCMP_ACT_NOTIFY needs one: nobody would answer");
  }
}
