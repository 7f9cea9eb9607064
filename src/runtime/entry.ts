import { accessSync, constants, readFileSync } from "node:fs";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { type Entry, entryOf, noEntry, type Setgroups } from "./compile/entry.ts";
import type { HostFacts } from "./facts.ts";

/** How this process, whoever runs it, comes to set up a container of this specification. */
export function entryFor(
  spec: RuntimeSpec,
  { privilege, searchPath }: HostFacts,
  slot: number,
  becauseOf: (pointer: string) => string,
): Entry {
  if (privilege !== "none") return noEntry(spec);
  const find = (program: string) => findIn(searchPath, program);
  const who = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, find };
  return entryOf(spec, who, slot, becauseOf);
}

/** The absolute path of a program in $PATH. */
function findIn(path: string, program: string): string | undefined {
  const folders = path.split(":").filter((folder) => folder.startsWith("/"));
  return folders.map((folder) => `${folder}/${program}`).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Of the user namespace of a running process. */
export function setgroupsOf({ linux = {} }: RuntimeSpec, pid: number): Setgroups {
  if (linux.namespaces?.some(({ type }) => type === "user") !== true) return "allowed";
  try {
    return readFileSync(`/proc/${pid}/setgroups`, "utf8").startsWith("deny") ? "denied" : "allowed";
  } catch {
    // It ended meanwhile, which is for the plan to find out.
    return "allowed";
  }
}
