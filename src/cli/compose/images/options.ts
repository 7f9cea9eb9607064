/** A service's `build` as the values of `inro build`'s options. Pure, but for what its secrets' files hold. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Build, Project } from "../../../compose/model/project.ts";
import { buildOptions } from "../../build/options.ts";
import type { BuildValues } from "../../build/request.ts";
import { parse } from "../../options/parse.ts";
import { UsageError } from "../../options/usage-error.ts";

/** What `compose build` and `up --build` ask for beyond the file. */
export interface BuildAsked {
  readonly args: readonly string[];
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly memory: number | undefined;
  readonly ssh: readonly string[];
}

export const PLAIN_BUILD: BuildAsked = { args: [], noCache: false, pull: false, memory: undefined, ssh: [] };

export type Env = Readonly<Record<string, string | undefined>>;

export interface Meant {
  readonly image: string;
  readonly platform: string | undefined;
  /** The image of a service whose build another one stands on (`additional_contexts: { base: service:base }`). */
  readonly imageOf: (service: string) => string;
  readonly env: Env;
}

export function buildValues(build: Build, asked: BuildAsked, meant: Meant): BuildValues {
  const { options } = parse(buildOptions, [], { interspersed: false });
  const ofArgs = Object.entries(build.args ?? {}).flatMap(([name, value]) => {
    const known = value ?? meant.env[name];
    return known === undefined ? [] : `${name}=${known}`;
  });
  return {
    ...options,
    "add-host": Object.entries(build.extra_hosts ?? {}).flatMap(([name, all]) =>
      all.map((address) => `${name}:${address}`),
    ),
    allow: [...(build.entitlements ?? []), ...(build.privileged === true ? ["security.insecure"] : [])],
    "build-arg": [...ofArgs, ...asked.args.map((arg) => withValue(arg, meant.env))],
    "build-context": Object.entries(build.additional_contexts ?? {}).map(
      ([name, place]) => `${name}=${contextPlace(place, meant)}`,
    ),
    "cache-from": build.cache_from ?? [],
    "cache-to": build.cache_to ?? [],
    isolation: build.isolation,
    label: Object.entries(build.labels ?? {}).map(([key, value]) => `${key}=${value}`),
    memory: asked.memory,
    network: build.network,
    "no-cache": asked.noCache || build.no_cache === true,
    platform: onePlatform(build, meant.platform),
    pull: asked.pull || build.pull === true,
    "shm-size": build.shm_size,
    ssh: [
      ...Object.entries(build.ssh ?? {}).map(([id, path]) => (path === "" ? id : `${id}=${path}`)),
      ...asked.ssh,
    ],
    tag: [meant.image, ...(build.tags ?? [])],
    target: build.target,
    ulimit: Object.entries(build.ulimits ?? {}).map(([name, { soft, hard }]) => `${name}=${soft}:${hard}`),
  };
}

/** `NAME` alone takes the value that there is. */
function withValue(arg: string, env: Env): string {
  if (arg.includes("=")) return arg;
  return env[arg] === undefined ? `${arg}=` : `${arg}=${env[arg]}`;
}

function contextPlace(place: string, { imageOf }: Meant): string {
  const [, service] = /^service:(.+)$/.exec(place) ?? [];
  return service === undefined ? place : `docker-image://${imageOf(service)}`;
}

/** The platform that the service runs on, where the image is built for several. */
function onePlatform({ platforms = [] }: Build, own: string | undefined): string | undefined {
  if (platforms.length === 0) return own;
  if (own === undefined) return platforms.length === 1 ? platforms[0] : undefined;
  if (platforms.includes(own)) return own;
  throw new UsageError(`the service's platform "${own}" is none of its build's: ${platforms.join(", ")}`, 1);
}

/** Base64 by id, of what a RUN --mount=type=secret may read. */
export function buildSecrets(build: Build, project: Project, env: Env): Record<string, string> {
  return Object.fromEntries(
    (build.secrets ?? []).map(({ source, target }) => {
      const secret = project.secrets.get(source);
      const id = target ?? source;
      const wrong = (why: string) =>
        new UsageError(`cannot give the build the secret "${source}": ${why}`, 1);
      if (secret === undefined) throw wrong("the file has none of this name");
      if (secret.content !== undefined) return [id, Buffer.from(secret.content).toString("base64")];
      if (secret.environment !== undefined) {
        const value = env[secret.environment];
        if (value === undefined) throw wrong(`there is no environment variable "${secret.environment}"`);
        return [id, Buffer.from(value).toString("base64")];
      }
      if (secret.file === undefined)
        throw wrong("it is external, and a build has only what a file or a variable holds");
      try {
        return [id, readFileSync(secret.file).toString("base64")];
      } catch (error) {
        throw wrong(`cannot read "${secret.file}": ${(error as Error).message}`);
      }
    }),
  );
}

/** Where the Dockerfile is: paths stand against the context. */
export function dockerfileOf({ context, dockerfile }: Build): string | undefined {
  if (dockerfile === undefined || /^[a-z]+:\/\/|^git@/.test(context)) return dockerfile;
  return resolve(context, dockerfile);
}
