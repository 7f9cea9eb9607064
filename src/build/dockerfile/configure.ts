/** What an image's configuration becomes by the instructions that write no files. */
import { posix } from "node:path";
import type { ExecutionConfig } from "../../oci/image-config.ts";
import { DockerfileError } from "./error.ts";
import { expandWord, type Lookup } from "./expand.ts";
import { exposedPorts } from "./expose.ts";
import type { CommandLine, HealthTest, Instruction } from "./instruction.ts";
import type { Pair, Word } from "./word.ts";

export type Config = NonNullable<ExecutionConfig>;

type Setting = Exclude<Instruction, { kind: "run" | "copy" | "add" | "arg" }>;

export const isSetting = (instruction: Instruction): instruction is Setting =>
  !["run", "copy", "add", "arg"].includes(instruction.kind);

export const DEFAULT_SHELL: readonly string[] = ["/bin/sh", "-c"];

/** The program and its arguments that a command line means: the shell form goes through the image's shell. */
function argumentsOf(config: Config, command: CommandLine): string[] {
  if (command.form === "exec") return [...command.arguments];
  return [...(config.Shell ?? DEFAULT_SHELL), command.command];
}

function healthcheckOf(test: HealthTest): Config["Healthcheck"] {
  const none = { Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 };
  if (test.type === "none") return { Test: ["NONE"], ...none };
  const { command } = test;
  // The shell form goes through the container's shell when it is run.
  const words = command.form === "exec" ? ["CMD", ...command.arguments] : ["CMD-SHELL", command.command];
  return {
    Test: words,
    Interval: test.interval,
    Timeout: test.timeout,
    StartPeriod: test.startPeriod,
    StartInterval: test.startInterval,
    Retries: test.retries,
  };
}

/** Later ones take the places of earlier ones. */
function withVariables(env: readonly string[], pairs: readonly (readonly [string, string])[]): string[] {
  const all = new Map(env.map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
  for (const [name, value] of pairs) all.set(name, `${name}=${value}`);
  return [...all.values()];
}

function volumeOf(word: Word, lookup: Lookup): string {
  const path = expandWord(word, lookup);
  if (path.trim() !== "") return path;
  throw new DockerfileError({ ...word, why: "VOLUME specified can not be an empty string" });
}

const setOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));

/**
 * What changes. `hasOwnCommand`: a CMD came before in the same file; another's was written for its own entrypoint.
 * DOCKERFILE_INVALID.
 */
export function configured(
  config: Config,
  instruction: Setting,
  lookup: Lookup,
  hasOwnCommand: boolean,
): Partial<Config> {
  const pairsOf = (pairs: readonly Pair[]) =>
    pairs.map(({ key, value }) => [expandWord(key, lookup), expandWord(value, lookup)] as const);
  switch (instruction.kind) {
    case "workdir":
      return { WorkingDir: posix.resolve("/", config.WorkingDir, expandWord(instruction.word, lookup)) };
    case "env":
      return { Env: withVariables(config.Env, pairsOf(instruction.pairs)) };
    case "label":
      return { Labels: { ...config.Labels, ...Object.fromEntries(pairsOf(instruction.pairs)) } };
    case "cmd":
      return { Cmd: argumentsOf(config, instruction.command) };
    case "entrypoint": {
      const Entrypoint = argumentsOf(config, instruction.command);
      return { Entrypoint, Cmd: hasOwnCommand ? config.Cmd : null };
    }
    case "expose": {
      const ports = instruction.words.flatMap((word) => exposedPorts(word, lookup));
      return { ExposedPorts: { ...config.ExposedPorts, ...setOf(ports) } };
    }
    case "volume": {
      const paths = instruction.words.map((word) => volumeOf(word, lookup));
      return { Volumes: { ...config.Volumes, ...setOf(paths) } };
    }
    // Of the image, and not of its configuration.
    case "maintainer":
      return {};
    case "user":
      return { User: expandWord(instruction.word, lookup) };
    case "stopsignal":
      return { StopSignal: expandWord(instruction.word, lookup) };
    case "shell":
      return { Shell: [...instruction.shell] };
    case "healthcheck":
      return { Healthcheck: healthcheckOf(instruction.test) };
    case "onbuild":
      return { OnBuild: [...(config.OnBuild ?? []), instruction.expression] };
  }
}
