import { libc } from "./libc.ts";

/** xattr(7): the most that the kernel gives of one value, and of all names of a file. */
const most = 64 * 1024;

/** An extended attribute of an open file, or undefined when it has none of that name; `room` bytes of it at most. */
export function readXattr(descriptor: number, name: string, room = 256): Uint8Array | undefined {
  const value = new Uint8Array(room);
  const length = Number(libc().fgetxattr(descriptor, Buffer.from(`${name}\0`), value, value.length));
  return length < 0 ? undefined : value.subarray(0, length);
}

/** All extended attributes of an open file. */
export function readXattrs(descriptor: number): [name: string, value: Uint8Array][] {
  const list = Buffer.alloc(most);
  const length = Number(libc().flistxattr(descriptor, list, list.length));
  const names = length <= 0 ? [] : list.toString("latin1", 0, length - 1).split("\0");
  return names.flatMap((name) => {
    const value = readXattr(descriptor, name, most);
    return value === undefined ? [] : [[name, value] as [string, Uint8Array]];
  });
}
