import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { libc } from "./libc.ts";
import { lockedProgram } from "./locked-program.ts";

// include/uapi/linux/memfd.h, include/uapi/linux/fcntl.h
const MFD = { cloexec: 1, allowSealing: 2, exec: 0x10 } as const;
const F_ADD_SEALS = 1033;
const SEAL_ALL = 1 | 2 | 4 | 8;

/**
 * A program that nobody can write to, not even the root of a container that finds it as /proc/1/exe (R15, CVE-2019-5736):
 * a sealed memory file, or a read-only mount of a file where the kernel refuses such (vm.memfd_noexec=2). Answers what to
 * start, for as long as this process lives; one for all children, so that its pages count once. Undefined without root.
 */
export function sealedProgram(name: string, program: Uint8Array): string | undefined {
  const writable = createMemfd(name);
  if (writable === undefined) return lockedProgram(name, program);
  try {
    for (let at = 0; at < program.length; ) at += writeSync(writable, program, at);
    if (libc().fcntl(writable, F_ADD_SEALS, SEAL_ALL) !== 0) return lockedProgram(name, program);
    // A descriptor that is open for writing makes execve answer ETXTBSY: the program is started through another.
    return `/proc/${process.pid}/fd/${openSync(`/proc/self/fd/${writable}`, "r")}`;
  } finally {
    closeSync(writable);
  }
}

const EXECUTABLE = 0o111;

/** memfd_create(2): before Linux 6.3 there is no MFD_EXEC; after it, a file made without may not be executable. */
function createMemfd(name: string): number | undefined {
  const text = Buffer.from(`${name}\0`);
  const { memfd_create } = libc();
  const flags = MFD.cloexec | MFD.allowSealing;
  const marked = memfd_create(text, flags | MFD.exec);
  const fd = marked >= 0 ? marked : memfd_create(text, flags);
  if (fd < 0) return undefined;
  if ((fstatSync(fd).mode & EXECUTABLE) !== 0) return fd;
  closeSync(fd);
  return undefined;
}
