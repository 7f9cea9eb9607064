/** A service's variables and labels, with those of its files (05-services.md, "env_file", "label_file"). */
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
  const found = read(variablesFiles.read(node, where), node, env, where);
  return {
    ...Object.fromEntries(Object.entries(found).map(([key, value]) => [key, value ?? ""])),
    ...written,
  };
}

/** Null where the caller has none, either. */
export function withCallers(written: Environment, env: Variables): Environment {
  return Object.fromEntries(
    Object.entries(written).map(([name, value]) => [name, value ?? env[name] ?? null]),
  );
}

function read(files: readonly VariablesFile[], node: Node, env: Variables, at: At): Environment {
  return Object.assign(
    {},
    ...files.map((file, index) =>
      node.kind === "sequence"
        ? variablesOf(file, node.items[index] ?? node, env, inside(at, index))
        : variablesOf(file, node, env, at),
    ),
  );
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

function variablesOf(file: VariablesFile, node: Node, env: Variables, at: At): Environment {
  try {
    const variables = withCallers(
      Object.fromEntries(readVariables({ format: "compose", ...file, name: file.path }, (name) => env[name])),
      env,
    );
    return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== null));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "COMPOSE_NOT_FOUND")) throw error;
    if (!file.required) return {};
    return refuse(at, node.place, error.message, "say required: false, if the service does without it");
  }
}
