/**
 * The file in which docker's command line keeps what it knows of registries (config.json), shared with it: what we do
 * not understand stays as it is.
 */
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { InroError } from "../../oci/error.ts";

const textRecord = v.record(v.string(), v.string());

const entrySchema = v.looseObject({
  /** base64 of `user:password`. */
  auth: v.optional(v.string()),
  username: v.optional(v.string()),
  password: v.optional(v.string()),
  identitytoken: v.optional(v.string()),
  registrytoken: v.optional(v.string()),
});

const configSchema = v.looseObject({
  auths: v.optional(v.record(v.string(), entrySchema)),
  /** The program that keeps all credentials, and those for single registries: `docker-credential-<name>`. */
  credsStore: v.optional(v.string()),
  credHelpers: v.optional(textRecord),
});

export type Config = v.InferOutput<typeof configSchema>;
export type Entry = v.InferOutput<typeof entrySchema>;

/** DOCKER_CONFIG names the folder; else it is in the user's home. */
export function configPath(): string {
  const folder = process.env["DOCKER_CONFIG"];
  return join(folder === undefined || folder === "" ? join(homedir(), ".docker") : folder, "config.json");
}

/** What the file holds; nothing where there is none. Throws CONFIG_INVALID. */
export function readConfig(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return {};
    throw error;
  }
  return parseConfig(text, `"${path}"`);
}

/** Throws CONFIG_INVALID; `of` is where the text comes from. */
export function parseConfig(text: string, of: string): Config {
  const what = `cannot read ${of}`;
  const hint = "correct it, or take it away: it holds docker's credentials for registries";
  try {
    return v.parse(configSchema, JSON.parse(text));
  } catch (error) {
    const [issue] = error instanceof v.ValiError ? error.issues : [];
    const why =
      issue === undefined
        ? "it is no JSON"
        : `${v.getDotPath(issue as v.BaseIssue<unknown>) ?? "it"}: ${issue.message}`;
    throw new InroError("CONFIG_INVALID", { what, why, hint });
  }
}

/** Replaces the file at once, for nobody else's eyes; a link to it stays one. */
export function writeConfig(path: string, config: Config): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const real = resolved(path);
  const fresh = `${real}.${process.pid}`;
  try {
    writeFileSync(fresh, `${JSON.stringify(config, null, "\t")}\n`, { mode: 0o600, flag: "wx" });
    renameSync(fresh, real);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
