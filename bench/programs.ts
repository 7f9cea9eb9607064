import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A program on PATH; undefined where it is not installed. */
export function programInPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(existsSync);
}

/** Where Debian's libraries lie below an unpacked root: `usr/lib/x86_64-linux-gnu`; empty when it has none. */
export function libraryFolders(root: string): string[] {
  const libraries = join(root, "usr/lib");
  if (!existsSync(libraries)) return [];
  return readdirSync(libraries)
    .filter((name) => name.endsWith("-linux-gnu"))
    .map((name) => join(libraries, name));
}
