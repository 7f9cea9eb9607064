import { readFileSync, statSync } from "node:fs";

/**
 * A folder itself, whatever it is called: the same path may be another one in another mount namespace, or on another
 * machine. Undefined where there is none.
 */
export function folderId(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return undefined;
  // random(4): another one at each start of a kernel.
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return `${boot}:${stat.dev}:${stat.ino}`;
}
