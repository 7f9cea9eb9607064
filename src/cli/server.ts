/** Which engine is meant where nobody names a folder: Docker's own rules, behind ours. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Named } from "../client/address.ts";
import { InroError } from "../oci/error.ts";

/** What was asked for on the command line, and where docker's config.json lies. */
export interface Asked {
  readonly host: string | undefined;
  readonly context: string | undefined;
  readonly config: string | undefined;
}

/**
 * `-H`, `--context`, INRO_HOST, DOCKER_HOST, then the docker context (DOCKER_CONTEXT, or `currentContext` of config.json);
 * undefined: nobody names one. `dockers`: whether what is said to docker alone counts. CONTEXT_NOT_FOUND.
 */
export function namedServer({ host, context, config }: Asked, dockers: boolean): Named | undefined {
  const folder = config ?? (variable("DOCKER_CONFIG") || join(homedir(), ".docker"));
  if (host !== undefined && context !== undefined)
    throw new InroError("INVALID_OPTION", {
      what: "cannot tell which engine is meant",
      why: "--host and --context both name one",
      hint: "leave one of them out",
      at: "--context",
    });
  if (host !== undefined) return { address: host, by: "-H" };
  if (context !== undefined) return contextServer(folder, context);
  const own = variable("INRO_HOST");
  if (own !== "") return { address: own, by: "INRO_HOST" };
  if (!dockers) return undefined;
  const docker = variable("DOCKER_HOST");
  if (docker !== "") return { address: docker, by: "DOCKER_HOST" };
  const named = variable("DOCKER_CONTEXT") || currentContext(folder);
  return named === "" ? undefined : contextServer(folder, named);
}

const variable = (name: string): string => process.env[name] ?? "";

function currentContext(folder: string): string {
  const { currentContext: name } = (readJson(join(folder, "config.json")) ?? {}) as {
    currentContext?: unknown;
  };
  return typeof name === "string" ? name : "";
}

/** docker keeps a context in a folder that its name's digest names; "default" is the one that is kept nowhere. */
function contextServer(folder: string, name: string): Named | undefined {
  if (name === "default") return undefined;
  const digest = createHash("sha256").update(name).digest("hex");
  const path = join(folder, "contexts/meta", digest, "meta.json");
  const meta = readJson(path) as { Endpoints?: { docker?: { Host?: unknown } } } | undefined;
  const address = meta?.Endpoints?.docker?.Host;
  if (typeof address === "string") return { address, by: `the docker context "${name}"` };
  throw new InroError("CONTEXT_NOT_FOUND", {
    what: `cannot use the docker context "${name}"`,
    why:
      meta === undefined
        ? `context not found: there is no "${path}"`
        : `"${path}" names no address of docker's`,
    hint: "name the engine with -H, or write --context default",
    at: "--context",
  });
}

/** Undefined where there is none, or no JSON: what is wrong with config.json is told by those who need its credentials. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
