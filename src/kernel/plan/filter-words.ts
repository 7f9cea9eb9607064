import { ARCHITECTURES, nativeArchitecture } from "../seccomp/architecture.ts";
import { interpret } from "../seccomp/interpret.ts";
import { callNumbers } from "../seccomp/numbers.ts";

// include/uapi/linux/seccomp.h
const ALLOW = 0x7fff0000;
const ACTION = 0xffff0000;

/** How many system calls of this architecture a filter lets through, when their arguments are all 0. */
export function allowedCalls(filter: Uint8Array): number {
  const name = nativeArchitecture();
  const architecture = ARCHITECTURES[name].audit;
  try {
    return Object.values(callNumbers()[name]).filter(
      (number) => (interpret(filter, { architecture, number }).value & ACTION) >>> 0 === ALLOW,
    ).length;
  } catch {
    // A filter that the kernel would not load allows nothing.
    return 0;
  }
}
