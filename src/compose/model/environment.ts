/** A service's variables and labels, with those of its files (05-services.md, "env_file", "label_file"). */
import { InroError } from "../../oci/error.ts";
import { ComposeError } from "../file/error.ts";
import { member, type Node } from "../file/node.ts";
import { readVariables } from "../file/variables/dotenv.ts";
import { oneOrMore } from "./collection.ts";
import { type At, inside, type Kind, kept, refuse } from "./kind.ts";
import { path } from "./path.ts";
import type { Environment, Texts, VariablesFile } from "./project.ts";
import { record } from "./record.ts";
import { flag, oneOf } from "./scalar.ts";

type Variables = Readonly<Record<string, string>>;

/**
 * What `env_file`s say, from the top down: without what has no value and that the caller has none for, either.
 * @param service with their places
 */
export function fileVariables(
  files: readonly VariablesFile[],
  service: Node,
  env: Variables,
  at: At,
): Environment {
  return read(files, member(service, "env_file") ?? service, env, inside(at, "env_file"));
}

/** @param written what `labels` says */
export function serviceLabels(service: Node, written: Texts, env: Variables, at: At): Texts {
  const node = member(service, "label_file");
  if (node === undefined) return written;
  const where = inside(at, "label_file");
  return { ...read(variablesFiles.read(node, where), node, env, where), ...written };
}

/** Null where the caller has none, either. */
export function withCallers(written: Environment, env: Variables): Environment {
  return Object.fromEntries(
    Object.entries(written).map(([name, value]) => [name, value ?? env[name] ?? null]),
  );
}

/** A file's `${NAME}` is first what the files above it say, then what the caller has, then what it says itself. */
function read(files: readonly VariablesFile[], node: Node, env: Variables, at: At): Variables {
  let above: Variables = Object.create(null);
  for (const [index, file] of files.entries()) {
    const [own, where] =
      node.kind === "sequence" ? [node.items[index] ?? node, inside(at, index)] : [node, at];
    above = Object.assign(Object.create(null), above, variablesOf(file, own, env, above, where));
  }
  return above;
}

const long = record<VariablesFile>({ path, required: kept(flag), format: oneOf("compose", "raw") });

const variablesFile: Kind<VariablesFile> = {
  read: (node, at) => {
    const file = node.kind === "mapping" ? long.read(node, at) : { path: path.read(node, at) };
    if (file.path === undefined) refuse(at, node.place, "it has no path");
    return { required: true, ...file };
  },
  print: (file, form) => (file.required && file.format === undefined ? file.path : long.print(file, form)),
};

export const variablesFiles: Kind<readonly VariablesFile[]> = oneOrMore(variablesFile);

function variablesOf(file: VariablesFile, node: Node, env: Variables, above: Variables, at: At): Variables {
  const known = (name: string) => above[name] ?? env[name];
  try {
    const written = readVariables({ format: "compose", ...file, name: file.path }, known);
    const variables = Object.entries(withCallers(Object.fromEntries(written), env));
    return Object.fromEntries(variables.flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
  } catch (error) {
    if (!(error instanceof InroError) || error instanceof ComposeError) throw error;
    if (error.code !== "COMPOSE_NOT_FOUND") return refuse(at, node.place, error.message);
    if (!file.required) return {};
    return refuse(at, node.place, error.message, "say required: false, if the service does without it");
  }
}
