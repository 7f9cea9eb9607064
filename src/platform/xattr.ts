import { libc } from "./libc.ts";

/** An extended attribute of an open file, or undefined when it has none of that name. */
export function readXattr(descriptor: number, name: string): Uint8Array | undefined {
  const value = new Uint8Array(256);
  const length = Number(libc().fgetxattr(descriptor, Buffer.from(`${name}\0`), value, value.length));
  return length < 0 ? undefined : value.subarray(0, length);
}
