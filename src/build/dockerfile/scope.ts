import { formatPlatform, type Platform } from "../../oci/platform.ts";
import { expandWord, type Lookup } from "./expand.ts";
import type { ArgInstruction, EnvInstruction, LabelInstruction } from "./instruction.ts";
import type { Word } from "./word.ts";

/** `--build-arg` values by name. */
export type BuildArgs = ReadonlyMap<string, string>;

/** Declared names; undefined is one without a value. Its order is that of the declarations. */
export type Values = ReadonlyMap<string, string | undefined>;

/** What is known at one point of a stage. */
export interface Scope {
  /** The image's environment so far. */
  readonly env: ReadonlyMap<string, string>;
  /** The stage's ARGs so far, those of the stages below it included. */
  readonly args: Values;
  /** The image's labels so far. */
  readonly labels: ReadonlyMap<string, string>;
  /** Characters of all names and values. */
  readonly size: number;
}

/** Kept in every step and every image: what no program could be started with is refused. */
export const MOST_VALUES = 4 << 20;

/** That of a stage that is being read: its instructions change it, so that each costs what it says and no more. */
export interface OwnScope extends Scope {
  readonly env: Map<string, string>;
  readonly args: Map<string, string | undefined>;
  readonly labels: Map<string, string>;
  size: number;
}

/** reference, "Predefined ARGs": for every RUN without an ARG, and then neither in the history nor in cache keys. */
export const proxyArgs: readonly string[] = ["http", "https", "ftp", "no", "all"].flatMap((name) => [
  `${name.toUpperCase()}_PROXY`,
  `${name}_proxy`,
]);

/** reference, "Automatic platform ARGs in the global scope"; `stage` is the target's name. */
export function platformArgs(build: Platform, target: Platform, stage?: string): ReadonlyMap<string, string> {
  return new Map([...named("BUILD", build), ...named("TARGET", target), ["TARGETSTAGE", stage ?? "default"]]);
}

/** Without the variant that nobody writes, as it is the only one: arm64 is v8. */
export function shortPlatform({ os, architecture, variant = "" }: Platform): Platform {
  return architecture === "arm64" && variant === "v8" ? { os, architecture } : { os, architecture, variant };
}

function named(prefix: string, platform: Platform): [string, string][] {
  const short = shortPlatform(platform);
  return [
    [`${prefix}PLATFORM`, formatPlatform(short)],
    [`${prefix}OS`, short.os],
    [`${prefix}ARCH`, short.architecture],
    [`${prefix}VARIANT`, short.variant ?? ""],
  ];
}

/** The global scope, which FROM lines see: the platform ARGs and the ARGs before the first FROM. */
export function globalScope(
  declared: readonly ArgInstruction[],
  given: BuildArgs,
  platform: ReadonlyMap<string, string>,
): Values {
  const values = new Map<string, string | undefined>();
  for (const [name, value] of platform) values.set(name, given.get(name) ?? value);
  const lookup: Lookup = (name) => values.get(name);
  for (const { pairs } of declared)
    for (const { key, value } of pairs) {
      const name = expandWord(key, lookup);
      values.set(name, given.get(name) ?? defaultOf(value, lookup, values.get(name)));
    }
  return values;
}

/** What an image has that says nothing of it, `scratch` too: docker's PATH. */
export const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Asked for only where no build argument is given: what a default lacks then is no mistake. */
const defaultOf = (value: Word | undefined, lookup: Lookup, inherited: string | undefined) =>
  value === undefined ? inherited : expandWord(value, lookup);

/** A stage's beginning, from its base image's `NAME=value` list. A stage on a stage begins with that one's end. */
export function scopeOf(
  environment: readonly string[],
  given: Readonly<Record<string, string>> | null = null,
): OwnScope {
  const env = new Map(
    environment.map((each) => {
      const equals = each.indexOf("=");
      return equals < 0 ? [each, ""] : [each.slice(0, equals), each.slice(equals + 1)];
    }),
  );
  const labels = new Map(Object.entries(given ?? {}));
  return { env, args: new Map(), labels, size: sizeOf(env) + sizeOf(labels) };
}

const sizeOf = (values: Values): number =>
  [...values].reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0);

/** Of a stage upon another. */
export const ownScope = ({ env, args, labels, size }: Scope): OwnScope => ({
  ...{ env: new Map(env), args: new Map(args), labels: new Map(labels), size },
});

function put<V extends string | undefined>(scope: OwnScope, values: Map<string, V>, name: string, value: V) {
  const before = values.has(name) ? name.length + (values.get(name)?.length ?? 0) : 0;
  values.set(name, value);
  scope.size += name.length + (value?.length ?? 0) - before;
}

/** reference, "Using ARG variables": ENV always overrides an ARG of the same name. */
export const lookupIn =
  ({ env, args }: Pick<Scope, "env" | "args">): Lookup =>
  (name) =>
    env.get(name) ?? args.get(name);

/** An ARG: its build argument, or its default, or what the global scope has. */
export function addArgs(scope: OwnScope, { pairs }: ArgInstruction, given: BuildArgs, globals: Values): void {
  // Unlike ENV, each of an ARG's pairs sees those before it.
  const lookup = lookupIn(scope);
  for (const { key, value } of pairs) {
    const name = expandWord(key, lookup);
    const now = given.get(name) ?? defaultOf(value, lookup, globals.get(name));
    put(scope, scope.args, name, now);
    // The last one declared is the last.
    scope.args.delete(name);
    scope.args.set(name, now);
  }
}

/** An ENV. All its values see what was before it (reference, "Environment replacement"). */
export function addEnv(scope: OwnScope, instruction: EnvInstruction): void {
  const lookup = lookupIn(scope);
  const pairs = instruction.pairs.map(
    ({ key, value }) => [expandWord(key, lookup), expandWord(value, lookup)] as const,
  );
  for (const [name, value] of pairs) put(scope, scope.env, name, value);
}

/** A LABEL. */
export function addLabels(scope: OwnScope, { pairs }: LabelInstruction): void {
  const lookup = lookupIn(scope);
  for (const { key, value } of pairs)
    put(scope, scope.labels, expandWord(key, lookup), expandWord(value, lookup));
}

/** As an image's configuration has it. */
export const environmentOf = ({ env }: Scope): string[] =>
  [...env].map(([name, value]) => `${name}=${value}`);

/** What a RUN runs with, each a `NAME=value`. */
export interface RunEnvironment {
  readonly environment: readonly string[];
  /** The stage's ARGs with values, as the history and the cache key have them. */
  readonly args: readonly string[];
  /** Proxies that no ARG declares: in neither. */
  readonly hidden: readonly string[];
}

export function runEnvironment(scope: Scope, given: BuildArgs): RunEnvironment {
  const { env, args } = scope;
  const isHidden = (name: string) => given.has(name) && !args.has(name) && !env.has(name);
  return {
    environment: environmentOf(scope),
    args: [...args].flatMap(([name, value]) =>
      value === undefined || env.has(name) ? [] : [`${name}=${value}`],
    ),
    hidden: proxyArgs.filter(isHidden).map((name) => `${name}=${given.get(name)}`),
  };
}

/** The build arguments that nothing asks for, for docker's warning. BUILDKIT_… and the like speak to the builder. */
export function unconsumed(declared: Iterable<string>, given: BuildArgs): string[] {
  const known = new Set([...declared, ...proxyArgs, "SOURCE_DATE_EPOCH"]);
  return [...given.keys()].filter((name) => !known.has(name) && !name.startsWith("BUILDKIT_"));
}
