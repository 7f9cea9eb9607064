import { statSync } from "node:fs";
import { bootId } from "./boot-id.ts";

/**
 * A folder itself, whatever it is called: the same path may be another one in another mount namespace, or on another
 * machine. Undefined where there is none.
 */
export function folderId(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return undefined;
  return `${bootId()}:${stat.dev}:${stat.ino}`;
}
