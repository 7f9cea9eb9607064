import { dirname, resolve } from "node:path";
import { dotEnv, type Environment, environmentOf, withFiles } from "./environment.ts";
import { findFiles } from "./find.ts";
import type { LoadRequest } from "./load.ts";
import type { Unset } from "./variables/dotenv.ts";

export interface Where {
  /** Absolute, or `-`. */
  readonly files: readonly string[];
  /** Absolute: --project-directory, or the first file's folder. */
  readonly workingDir: string;
  readonly env: Environment;
  readonly warnings: readonly string[];
}

/**
 * Which files are meant, and the variables that hold for them: the process's over those of --env-file or
 * COMPOSE_ENV_FILES, or else of the `.env` that stands where the project is. One that stands where whoever calls is may
 * say by COMPOSE_FILE where the project is, and comes before.
 */
export function whereOf(request: LoadRequest, unset: Unset): Where {
  const here = request.workingDir;
  const process = environmentOf(request.env);
  const given = request.envFiles.length > 0 ? request.envFiles : split(process["COMPOSE_ENV_FILES"], ",");
  const silent = given.length > 0 || isTrue(process["COMPOSE_DISABLE_ENV_FILE"]);
  const told = withFiles(process, given, here, unset);
  const directory =
    request.projectDirectory === undefined ? undefined : resolve(here, request.projectDirectory);
  const elsewhere = directory !== undefined || request.files.length > 0;
  const first = silent || elsewhere ? told : withFiles(told, dotEnv(here), here, unset);
  const { files, warnings } = filesOf(request, first, directory ?? here);
  const [main = "-"] = files;
  const workingDir = directory ?? (main === "-" ? here : dirname(main));
  const env =
    silent || (!elsewhere && workingDir === here) ? first : withFiles(first, dotEnv(workingDir), here, unset);
  return { files, workingDir, env, warnings };
}

function filesOf(request: LoadRequest, env: Environment, folder: string): Pick<Where, "files" | "warnings"> {
  const separator = env["COMPOSE_PATH_SEPARATOR"] || ":";
  const named = request.files.length > 0 ? request.files : split(env["COMPOSE_FILE"], separator);
  if (named.length === 0) return findFiles(folder);
  return {
    files: named.map((file) => (file === "-" ? file : resolve(request.workingDir, file))),
    warnings: [],
  };
}

const split = (text: string | undefined, separator: string): string[] =>
  (text ?? "").split(separator).filter((part) => part !== "");

/** As Go's strconv.ParseBool takes it. */
const isTrue = (text: string | undefined): boolean => /^(1|t|true)$/i.test(text ?? "");
