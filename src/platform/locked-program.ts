import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { libc } from "./libc.ts";

// include/uapi/asm-generic/unistd.h: the same numbers everywhere. include/uapi/linux/mount.h, fcntl.h.
const OPEN_TREE = 428;
const MOUNT_SETATTR = 442;
const OPEN_TREE_CLONE = 1;
const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const MOUNT_ATTR_RDONLY = 1n;

/**
 * The program as a file whose only way in is a detached read-only mount: its name is gone, and writing through
 * /proc/1/exe is EROFS for everybody. Undefined without CAP_SYS_ADMIN.
 */
export function lockedProgram(name: string, program: Uint8Array): string | undefined {
  const folder = mkdtempSync(`${tmpdir()}/inro-native-`);
  try {
    const path = `${folder}/${name}`;
    writeFileSync(path, program, { mode: 0o500 });
    const { syscall } = libc();
    const text = Buffer.from(`${path}\0`);
    const tree = Number(syscall(OPEN_TREE, AT_FDCWD, text, OPEN_TREE_CLONE | O_CLOEXEC, null, 0));
    if (tree < 0) return undefined;
    // struct mount_attr: what to set, what to clear, propagation, user namespace.
    const attributes = new BigUint64Array([MOUNT_ATTR_RDONLY, 0n, 0n, 0n]);
    const empty = Buffer.from("\0");
    const locked = syscall(MOUNT_SETATTR, tree, empty, AT_EMPTY_PATH, attributes, attributes.byteLength);
    return Number(locked) === 0 ? `/proc/${process.pid}/fd/${tree}` : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
