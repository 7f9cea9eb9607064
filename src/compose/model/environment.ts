/** A service's variables and labels, with those of its files (05-services.md, "env_file", "label_file"). */
import { member, type Node } from "../file/node.ts";
import { readVariables } from "../file/variables/dotenv.ts";
import { type At, flag, inside, oneOf, refuse, text } from "./kind.ts";
import { hostPath } from "./path.ts";
import type { Environment, Texts } from "./project.ts";

type Variables = Readonly<Record<string, string>>;

interface VariablesFile {
  readonly path: string;
  /** As it was written. */
  readonly name: string;
  readonly format: "compose" | "raw";
  readonly required: boolean;
}

/**
 * `env_file`s from the top down, and `environment` over them; what has no value takes the caller's.
 * @param written what `environment` says
 */
export function serviceEnvironment(service: Node, written: Environment, env: Variables, at: At): Environment {
  return withCallers({ ...read(service, "env_file", env, at), ...written }, env);
}

/** @param written what `labels` says */
export function serviceLabels(service: Node, written: Texts, env: Variables, at: At): Texts {
  const found = Object.entries(read(service, "label_file", env, at)).map(([key, value]) => [
    key,
    value ?? "",
  ]);
  return { ...Object.fromEntries(found), ...written };
}

/** Null where the caller has none, either. */
export function withCallers(written: Environment, env: Variables): Environment {
  return Object.fromEntries(
    Object.entries(written).map(([name, value]) => [name, value ?? env[name] ?? null]),
  );
}

function read(service: Node, key: "env_file" | "label_file", env: Variables, at: At): Environment {
  const node = member(service, key);
  if (node === undefined) return {};
  const where = inside(at, key);
  const items = node.kind === "sequence" ? node.items : [node];
  let found: Record<string, string | null> = {};
  items.forEach((item, index) => {
    const here = node.kind === "sequence" ? inside(where, index) : where;
    const file = fileOf(item, here);
    found = { ...found, ...variablesOf(file, item, env, here) };
  });
  return found;
}

const format = oneOf("compose", "raw");

function fileOf(node: Node, at: At): VariablesFile {
  if (node.kind !== "mapping") {
    const name = text.read(node, at);
    return { path: hostPath(name, node.place, at), name, format: "compose", required: true };
  }
  const [path, required, kind] = ["path", "required", "format"].map((key) => member(node, key));
  if (path === undefined) return refuse(at, node.place, "it has no path");
  const name = text.read(path, inside(at, "path"));
  return {
    path: hostPath(name, path.place, at),
    name,
    format: kind === undefined ? "compose" : format.read(kind, inside(at, "format")),
    required: required === undefined || flag.read(required, inside(at, "required")),
  };
}

function variablesOf(file: VariablesFile, node: Node, env: Variables, at: At): Environment {
  try {
    const variables = withCallers(Object.fromEntries(readVariables(file, (name) => env[name])), env);
    return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== null));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "COMPOSE_NOT_FOUND")) throw error;
    if (!file.required) return {};
    return refuse(at, node.place, error.message, "say required: false, if the service does without it");
  }
}
