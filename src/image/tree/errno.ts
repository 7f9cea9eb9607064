import { constants } from "node:os";

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** `ENOENT` of 2; the number itself where it has no name. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `error ${errno}`;
}
