import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { CgroupSet } from "../../kernel/cgroup/set.ts";
import { InroError } from "../../oci/error.ts";
import type { SpecHooks } from "../../oci/runtime-spec.ts";

/** What the OCI command line remembers of a container between two calls. */
export interface StoredContainer {
  readonly version: 1;
  readonly ociVersion: string;
  readonly id: string;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat (proc_pid_stat(5)): with the pid it names one process of this boot. */
  readonly startTime: string;
  readonly cgroups: CgroupSet;
  readonly created: string;
  /** Uid of whoever created it. */
  readonly owner: number;
  /** The start goes through the FIFO in the container's folder. */
  readonly gated: boolean;
  /** Until it stands at its gate: pid and startTime are its creator's. */
  readonly creating: boolean;
  /** What `start` and `delete` have to call. */
  readonly hooks: SpecHooks;
}

const STATE_FILE = "state.json";
const GATE_FILE = "start";
const PRIVATE = 0o700;

/** config.md leaves ids to the runtime; they become the names of folders and cgroups. */
const ID = /^[A-Za-z0-9_][A-Za-z0-9_+.-]{0,1023}$/;

export function checkContainerId(id: string | undefined): string {
  if (id !== undefined && ID.test(id)) return id;
  throw new InroError("CONTAINER_ID_INVALID", {
    what: id === undefined ? "no container is named" : `cannot use the container id "${id}"`,
    why: "an id is made of letters, digits, `_`, `+`, `-` and `.`, and begins with a letter, digit or `_`",
  });
}

export const folderOf = (root: string, id: string): string => `${root}/${id}`;
export const gateOf = (root: string, id: string): string => `${root}/${id}/${GATE_FILE}`;

/** Claims an id: runtime.md, "Create": it is an error when it is in use. */
export function claimFolder(root: string, id: string): string {
  mkdirSync(root, { recursive: true, mode: PRIVATE });
  const folder = folderOf(root, id);
  try {
    mkdirSync(folder, { mode: PRIVATE });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    throw new InroError("CONTAINER_EXISTS", {
      what: `cannot create the container "${id}"`,
      why: "a container with this id exists already",
      hint: "choose another id, or delete that container (with --force what a killed create left)",
      cause,
    });
  }
  return folder;
}

/** Whole or not at all. */
export function writeStored(root: string, stored: StoredContainer): void {
  const path = `${folderOf(root, stored.id)}/${STATE_FILE}`;
  writeFileSync(`${path}.new`, JSON.stringify(stored));
  renameSync(`${path}.new`, path);
}

export function readStored(root: string, id: string): StoredContainer {
  try {
    return JSON.parse(readFileSync(`${folderOf(root, id)}/${STATE_FILE}`, "utf8")) as StoredContainer;
  } catch (cause) {
    throw new InroError("NO_SUCH_CONTAINER", {
      what: `cannot find the container "${id}"`,
      why: `container does not exist in ${root}`,
      hint: "see inro-runtime list",
      cause,
    });
  }
}

export function listStored(root: string): StoredContainer[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    return [];
  }
  return names.sort().flatMap((id) => {
    try {
      return [readStored(root, id)];
    } catch {
      // A container that is just being created or deleted is not there for others.
      return [];
    }
  });
}

export function forget(root: string, id: string): void {
  rmSync(folderOf(root, id), { recursive: true, force: true });
}
