import { modelOf } from "./application.ts";
import { readDocuments } from "./documents.ts";
import { type Environment, variablesOf } from "./environment.ts";
import { placeText } from "./error.ts";
import { folderName, givenName, normalName } from "./name.ts";
import { type Mapping, member, textOf } from "./node.ts";
import { Interpolation } from "./variables/interpolate.ts";
import { whereOf } from "./where.ts";

export interface LoadRequest {
  /** As given with -f; "-" is standard input; empty: by COMPOSE_FILE, or found from the working directory upwards. */
  readonly files: readonly string[];
  readonly projectDirectory?: string;
  readonly projectName?: string;
  readonly envFiles: readonly string[];
  /** The process's. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute: where whoever calls is. */
  readonly workingDir: string;
  /** Variables are replaced, unless this is false. */
  readonly interpolate?: boolean;
  /** Given by --profile, beside those of COMPOSE_PROFILES. */
  readonly profiles: readonly string[];
}

export interface Loaded {
  readonly root: Mapping;
  readonly name: string;
  /** Absolute. */
  readonly workingDir: string;
  /** Absolute. */
  readonly files: readonly string[];
  /** The process's over the files': what COMPOSE_* and interpolation saw. */
  readonly env: Environment;
  readonly profiles: readonly string[];
  readonly warnings: readonly string[];
}

/** What the files say together: one mapping that fits the schema. Errors: COMPOSE_NOT_FOUND, COMPOSE_INVALID. */
export function loadFile(request: LoadRequest): Loaded {
  const interpolation = new Interpolation(() => undefined);
  const { files, workingDir, env, warnings } = whereOf(request, (name, place) =>
    interpolation.unset(name, place),
  );
  const documents = files.map((path) => ({ path, documents: readDocuments(path, request.workingDir) }));
  const name = nameFor(
    request,
    env,
    workingDir,
    documents.flatMap((file) => file.documents),
  );
  const known = variablesOf(env, { COMPOSE_PROJECT_NAME: name });
  const root = modelOf(documents, {
    workingDir,
    from: request.workingDir,
    env: known,
    counter: { included: 0 },
    interpolation:
      request.interpolate === false ? undefined : interpolation.over((variable) => known[variable]),
  });
  return {
    root,
    name,
    workingDir,
    files: files.filter((file) => file !== "-"),
    env: known,
    profiles: profilesOf(request.profiles, env),
    warnings: [...warnings, ...interpolation.warnings, ...obsolete(root)],
  };
}

/** -p, COMPOSE_PROJECT_NAME, the last `name:` of the files, the folder's name. */
function nameFor(
  request: LoadRequest,
  env: Environment,
  workingDir: string,
  documents: readonly Mapping[],
): string {
  if (request.projectName !== undefined) return givenName(request.projectName, "-p");
  const { COMPOSE_PROJECT_NAME: variable = "" } = env;
  if (variable !== "") return givenName(variable, "COMPOSE_PROJECT_NAME");
  const said = documents.map((document) => member(document, "name")).findLast((node) => textOf(node));
  const text = textOf(said);
  if (said === undefined || text === undefined) return folderName(workingDir);
  const written = new Interpolation((one) => env[one]).text(text, said.place, "name");
  if (written === "") return folderName(workingDir);
  // As docker compose takes it: what cannot be in a name is left out.
  return normalName(written) || givenName(written, said.place);
}

/** Those of --profile, or else of COMPOSE_PROFILES. */
function profilesOf(given: readonly string[], env: Environment): readonly string[] {
  const { COMPOSE_PROFILES: variable = "" } = env;
  const names = given.length > 0 ? given : variable.split(",");
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ""))];
}

function obsolete(root: Mapping): string[] {
  const version = root.entries.get("version");
  if (version === undefined) return [];
  return [`${placeText(version.place)}: \`version\` means nothing any more: leave it out`];
}
