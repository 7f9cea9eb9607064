import { dlopen, FFIType, ptr } from "bun:ffi";

let library: ReturnType<typeof load> | undefined;

function load() {
  return dlopen(`libc.so.6`, {
    fgetxattr: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
  });
}

/** An extended attribute of an open file, or undefined when it has none of that name. */
export function readXattr(descriptor: number, name: string): Uint8Array | undefined {
  library ??= load();
  const value = new Uint8Array(256);
  const length = Number(
    library.symbols.fgetxattr(descriptor, ptr(Buffer.from(`${name}\0`)), ptr(value), value.length),
  );
  return length < 0 ? undefined : value.subarray(0, length);
}
