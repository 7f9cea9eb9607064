/** Values of build's options that are little languages of their own. Each throws a UsageError that says what is wrong. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { folderId } from "../../platform/folder-id.ts";
import { csv } from "../create/csv.ts";
import { UsageError } from "../options/usage-error.ts";

const wrong = (option: string, value: string, why: string) =>
  new UsageError(`cannot use "${value}" for --${option}: ${why}`);

/** `id=a,src=b` by its keys. */
function fields(option: string, value: string): Map<string, string> {
  return new Map(
    csv(value).map((part) => {
      const equals = part.indexOf("=");
      if (equals <= 0) throw wrong(option, value, `"${part}" is no KEY=VALUE`);
      return [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1)];
    }),
  );
}

function known(option: string, value: string, all: Map<string, string>, keys: readonly string[]): void {
  const other = [...all.keys()].find((key) => !keys.includes(key));
  if (other !== undefined)
    throw wrong(option, value, `there is no "${other}" (there are ${keys.join(", ")})`);
}

/** Arguments by name; one without a value takes the one of this process, and is left out where that has none. */
export function buildArgs(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.flatMap((entry) => {
      const [name = ""] = entry.split("=", 1);
      if (name === "") throw wrong("build-arg", entry, "it has no name");
      const value = entry.includes("=") ? entry.slice(name.length + 1) : process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

const MOST_SECRET = 500 * 1024;

/** Base64 by id. */
export function secrets(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((entry) => {
      const all = fields("secret", entry);
      known("secret", entry, all, ["id", "type", "src", "source", "env"]);
      const id = all.get("id") ?? "";
      if (id === "") throw wrong("secret", entry, "it has no id");
      const type = all.get("type");
      if (type !== undefined && type !== "file" && type !== "env")
        throw wrong("secret", entry, `there is no type "${type}" (there are file, env)`);
      const file = all.get("src") ?? all.get("source");
      const variable =
        all.get("env") ??
        (type === "env" ? (file ?? id) : undefined) ??
        (type === undefined && file === undefined && process.env[id] !== undefined ? id : undefined);
      return [id, content(entry, variable, file ?? id).toString("base64")];
    }),
  );
}

function content(entry: string, variable: string | undefined, file: string): Buffer {
  if (variable !== undefined) {
    const value = process.env[variable];
    if (value === undefined) throw wrong("secret", entry, `there is no environment variable "${variable}"`);
    return Buffer.from(value);
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw wrong("secret", entry, `cannot read "${file}": ${(error as Error).message}`);
  }
  if (bytes.length > MOST_SECRET) throw wrong("secret", entry, `"${file}" is larger than 500 KB`);
  return bytes;
}

/** Sockets of agents by id. */
export function agents(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((entry) => {
      const [id = "", ...rest] = entry.split("=");
      const path = rest.join("=") || process.env["SSH_AUTH_SOCK"];
      if (id === "") throw wrong("ssh", entry, "it has no id");
      if (path === undefined || path === "")
        throw wrong(
          "ssh",
          entry,
          "SSH_AUTH_SOCK names no agent (start one with ssh-agent, or write default=SOCKET)",
        );
      return [id, resolve(path)];
    }),
  );
}

export interface NamedContexts {
  /** Folders by their absolute paths. */
  readonly places: Readonly<Record<string, string>>;
  /** Of the folders. */
  readonly ids: Readonly<Record<string, string>>;
}

/** Places of other contexts by name. */
export function contexts(given: readonly string[]): NamedContexts {
  const ids: Record<string, string> = {};
  const places = Object.fromEntries(
    given.map((entry) => {
      const equals = entry.indexOf("=");
      if (equals < 1 || equals === entry.length - 1) throw wrong("build-context", entry, "write NAME=PLACE");
      const [name, place] = [entry.slice(0, equals), entry.slice(equals + 1)];
      if (/^[a-z-]+:\/\/|^git@/.test(place)) return [name, place];
      const id = folderId(resolve(place));
      if (id === undefined) throw wrong("build-context", entry, `there is no folder "${place}"`);
      ids[name] = id;
      return [name, resolve(place)];
    }),
  );
  return { places, ids };
}

/** `type=local,src=FOLDER` with an absolute path; else as it is. */
export function cachePlaces(option: "cache-from" | "cache-to", given: readonly string[]): string[] {
  return given.map((entry) => {
    if (!entry.includes("=")) return entry;
    const all = fields(option, entry);
    for (const key of ["src", "dest"]) {
      const path = all.get(key);
      if (path !== undefined) all.set(key, resolve(path));
    }
    return [...all].map(([key, value]) => `${key}=${value}`).join(",");
  });
}

export interface Output {
  readonly type: "image" | "local" | "tar" | "oci" | "docker";
  /** `-`: standard output. Empty for an image. */
  readonly dest: string;
  readonly push: boolean;
  readonly names: readonly string[];
}

const TYPES = ["image", "registry", "local", "tar", "oci", "docker"] as const;

/** `-o FOLDER`, `-o -`, `-o type=tar,dest=FILE`. */
export function output(entry: string): Output {
  if (entry === "-") return { type: "tar", dest: "-", push: false, names: [] };
  if (!entry.includes("=")) return { type: "local", dest: entry, push: false, names: [] };
  const all = fields("output", entry);
  known("output", entry, all, ["type", "dest", "name", "push", "tar"]);
  const type = all.get("type") as (typeof TYPES)[number] | undefined;
  if (type === undefined) throw wrong("output", entry, "it has no type");
  if (!TYPES.includes(type))
    throw wrong("output", entry, `there is no type "${type}" (there are ${TYPES.join(", ")})`);
  const dest = all.get("dest") ?? "";
  const names = (all.get("name") ?? "").split(",").filter((name) => name !== "");
  const push = type === "registry" || all.get("push") === "true";
  // docker's means its own images where no file is named.
  if (type === "image" || type === "registry" || (type === "docker" && dest === ""))
    return { type: "image", dest: "", push, names };
  if (dest === "" && type === "local") throw wrong("output", entry, "it has no dest");
  return { type, dest: dest === "" ? "-" : dest, push: false, names };
}
