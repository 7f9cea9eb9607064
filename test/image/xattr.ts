import { dlopen, FFIType } from "bun:ffi";
import { closeSync, openSync } from "node:fs";
import { readXattr } from "../../src/platform/xattr.ts";

/** An extended attribute of a file or folder as text; undefined where it has none. */
export function getXattr(path: string, name: string): string | undefined {
  const file = openSync(path, "r");
  try {
    const value = readXattr(file, name);
    return value === undefined ? undefined : Buffer.from(value).toString("latin1");
  } finally {
    closeSync(file);
  }
}

const { symbols } = dlopen("libc.so.6", {
  setxattr: {
    args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.i32],
    returns: FFIType.i32,
  },
});

/** Sets an extended attribute of a file or folder. */
export function setXattr(path: string, name: string, value: string): void {
  const text = (one: string) => Buffer.from(`${one}\0`);
  if (symbols.setxattr(text(path), text(name), text(value), value.length, 0) !== 0)
    throw new Error(`cannot set ${name} of ${path}`);
}
