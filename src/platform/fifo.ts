import { libc } from "./libc.ts";

/** mkfifo(3); false when the path exists or cannot be made. */
export function makeFifo(path: string, mode: number): boolean {
  return libc().mkfifo(Buffer.from(`${path}\0`), mode) === 0;
}
