/** What an image's configuration becomes by the instructions that write no files. Pure. */
import type { ExecutionConfig } from "../../oci/image-config.ts";
import type { CommandLine, HealthTest } from "../dockerfile/instruction.ts";

export type Config = NonNullable<ExecutionConfig>;

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Of `FROM scratch`. */
export const BARE: Config = {
  ...{ User: "", ExposedPorts: {}, Env: [PATH], Entrypoint: null, Cmd: null, Volumes: {}, WorkingDir: "/" },
  ...{ Labels: {}, StopSignal: "", StopTimeout: null, Shell: null, OnBuild: null, Healthcheck: null },
};

export const DEFAULT_SHELL: readonly string[] = ["/bin/sh", "-c"];

/** The program and its arguments that a command line means: the shell form goes through the image's shell. */
export function argumentsOf(config: Config, command: CommandLine): string[] {
  if (command.form === "exec") return [...command.arguments];
  return [...(config.Shell ?? DEFAULT_SHELL), command.command];
}

export function healthcheckOf(test: HealthTest): Config["Healthcheck"] {
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

/** `80`, `80/tcp`, `7000-7009/udp`; undefined for what is no port. */
export function exposed(word: string): string[] | undefined {
  const [, first = "", last, protocol = "tcp"] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? [];
  const from = Number(first);
  const to = Number(last ?? first);
  if (first === "" || from < 1 || to > 65535 || to < from) return undefined;
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}/${protocol.toLowerCase()}`);
}
