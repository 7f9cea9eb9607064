import { realpathSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import type { Mapping } from "./node.ts";
import { parseYaml } from "./yaml/parse.ts";
import { readBytes, sourceOf } from "./yaml/source.ts";

/** As a user would name it: relative to where he is, where it is beneath. */
export function nameOf(path: string, from: string): string {
  if (path === "-") return "(standard input)";
  const short = relative(from, path);
  return short === "" || short.startsWith("..") || isAbsolute(short) ? path : short;
}

/** The documents of a Compose file. `path` is absolute, or `-` for standard input. */
export const readDocuments = (path: string, from: string): Mapping[] => {
  const name = nameOf(path, from);
  return parseYaml(sourceOf(name, readBytes(path, name)));
};

/** What `include` and `extends` may name elsewhere than in a file of this machine. */
export function refuseRemote(path: string, refuse: (why: string, hint: string) => Error): void {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/|^(git)@|\.(git)(#|$)/i.exec(path);
  if (scheme === null) return;
  const kind = (scheme[1] ?? "git").toLowerCase();
  throw refuse(
    kind === "oci"
      ? "Compose files out of a registry are not read"
      : `Compose files from ${kind} are not read`,
    "bring the file here and name its path",
  );
}

/** Which file it is, however it is named: its real path, or the path where there is none. */
export function identity(path: string): string {
  try {
    return path === "-" ? path : realpathSync(path);
  } catch {
    return path;
  }
}
