import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { exactJson, parseExactJson } from "../../oci/json.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import { parseStored, type StoredContainer } from "./stored.ts";

const STATE_FILE = "state.json";
/** The specification as it was at `create`: runtime.md, "Create", 5: what becomes of config.json later is without effect. */
const SPEC_FILE = "config.json";
/** Where containers are whose specification names no cgroup, or a relative one. */
export const CGROUP_PARENT = "/inro-runtime";
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

/** Whoever makes it calls the poststop hooks: the executor that takes a container back, or who deletes it. */
export const claimOf = (root: string, id: string): string => `${root}/${id}/poststop`;

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
  const path = `${folderOf(root, id)}/${STATE_FILE}`;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new InroError("NO_SUCH_CONTAINER", {
      what: `cannot find the container "${id}"`,
      why: `container does not exist in ${root}`,
      hint: "see inro-runtime list",
      cause,
    });
  }
  return parseStored(text, id, path);
}

export function writeSpec(root: string, id: string, spec: RuntimeSpec): void {
  writeFileSync(`${folderOf(root, id)}/${SPEC_FILE}`, exactJson(spec), { mode: 0o600 });
}

export const hasSpec = (root: string, id: string): boolean =>
  existsSync(`${folderOf(root, id)}/${SPEC_FILE}`);

/** The specification that the container was created by. */
export function readSpec(root: string, id: string): RuntimeSpec {
  const path = `${folderOf(root, id)}/${SPEC_FILE}`;
  try {
    return parseExactJson(readFileSync(path, "utf8")) as RuntimeSpec;
  } catch (cause) {
    throw new InroError("STATE_DAMAGED", {
      what: `cannot read the specification of the container "${id}"`,
      why: (cause as Error).message,
      hint: "delete the container with --force",
      at: path,
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
