import { dlopen, FFIType, ptr } from "bun:ffi";
import { closeSync, writeSync } from "node:fs";

// memfd_create(2), fcntl(2)
const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
const SEAL_SEAL = 0x1;
const SEAL_SHRINK = 0x2;
const SEAL_GROW = 0x4;
const SEAL_WRITE = 0x8;

function load() {
  const { i32, u32, ptr: pointer } = FFIType;
  return dlopen("libc.so.6", {
    memfd_create: { args: [pointer, u32], returns: i32 },
    fcntl: { args: [i32, i32, i32], returns: i32 },
  }).symbols;
}

/**
 * A program that nobody can change any more (R15), as a path that children of this process can be started from while
 * it lives; undefined where this kernel starts nothing from memory (`vm.memfd_noexec=2`).
 */
export function sealedProgram(name: string, content: Uint8Array): string | undefined {
  const libc = load();
  const label = Buffer.from(`${name}\0`);
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // Kernels before 6.3 refuse MFD_EXEC, and need none.
  let descriptor = libc.memfd_create(ptr(label), flags | MFD_EXEC);
  if (descriptor < 0) descriptor = libc.memfd_create(ptr(label), flags);
  if (descriptor < 0) return undefined;
  for (let written = 0; written < content.length; ) written += writeSync(descriptor, content, written);
  const seals = SEAL_SEAL | SEAL_SHRINK | SEAL_GROW | SEAL_WRITE;
  if (libc.fcntl(descriptor, F_ADD_SEALS, seals) === 0) return `/proc/${process.pid}/fd/${descriptor}`;
  closeSync(descriptor);
  return undefined;
}
