import { closeSync, openSync, writeSync } from "node:fs";
import { libc } from "./libc.ts";

// include/uapi/linux/memfd.h, include/uapi/linux/fcntl.h
const MFD = { cloexec: 1, allowSealing: 2, exec: 0x10 } as const;
const F_ADD_SEALS = 1033;
const SEAL_ALL = 1 | 2 | 4 | 8;

/**
 * A program in a sealed memory file, which nobody can write to, not even the root of a container that finds it as
 * /proc/1/exe (R15, CVE-2019-5736). Answers what to start, for as long as this process lives; one for all children, so
 * that its pages count once. Undefined where the kernel refuses such files (vm.memfd_noexec=2).
 */
export function sealedProgram(name: string, program: Uint8Array): string | undefined {
  const writable = createMemfd(name);
  if (writable < 0) return undefined;
  try {
    for (let at = 0; at < program.length; ) at += writeSync(writable, program, at);
    if (libc().fcntl(writable, F_ADD_SEALS, SEAL_ALL) !== 0) return undefined;
    // A descriptor that is open for writing makes execve answer ETXTBSY: the program is started through another.
    return `/proc/${process.pid}/fd/${openSync(`/proc/self/fd/${writable}`, "r")}`;
  } finally {
    closeSync(writable);
  }
}

/** memfd_create(2): before Linux 6.3 there is no MFD_EXEC, and EINVAL is its answer. */
function createMemfd(name: string): number {
  const text = Buffer.from(`${name}\0`);
  const { memfd_create } = libc();
  const flags = MFD.cloexec | MFD.allowSealing;
  const marked = memfd_create(text, flags | MFD.exec);
  return marked >= 0 ? marked : memfd_create(text, flags);
}
