import { readFileSync } from "node:fs";

/** proc_pid_mountinfo(5), as far as tests look at it. */
export interface Mounted {
  readonly path: string;
  readonly options: readonly string[];
  /** `shared:5`, `master:5`, `unbindable`. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly superOptions: readonly string[];
}

export function readMounts(mountinfo: string): Mounted[] {
  const lines = mountinfo.split("\n").filter(Boolean);
  return lines.map((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , , path = "", options = "", ...propagation] = left.split(" ");
    const [type = "", , superOptions = ""] = right.split(" ");
    return { path, options: options.split(","), propagation, type, superOptions: superOptions.split(",") };
  });
}

/** The host's mounts that name a folder; others come and go as other tests please. */
export const mountsNaming = (folder: string): string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(folder));
