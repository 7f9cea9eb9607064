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
