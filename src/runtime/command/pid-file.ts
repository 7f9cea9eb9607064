import { renameSync, writeFileSync } from "node:fs";

/** Whoever waits for the file to appear finds the whole number in it. */
export function writePidFile(path: string, pid: number): void {
  const name = path.lastIndexOf("/") + 1;
  const unfinished = `${path.slice(0, name)}.${path.slice(name)}`;
  writeFileSync(unfinished, String(pid));
  renameSync(unfinished, path);
}
