/** `--change` of commit and import: a Dockerfile's instructions that change a configuration and no file. */
import { parseDuration } from "../oci/duration.ts";
import { InroError } from "../oci/error.ts";
import type { ExecutionConfig } from "../oci/image-config.ts";

type Config = NonNullable<ExecutionConfig>;
type Instruction = (config: Config, rest: string) => Partial<Config>;

function refuse(why: string): never {
  throw new InroError("INVALID_OPTION", {
    what: "cannot apply the change",
    why,
    hint: 'as in a Dockerfile: CMD ["nginx", "-g", "daemon off;"]',
    at: "changes",
  });
}

/** The exec form; undefined for anything that is no JSON list of texts, which is then the shell form. */
function execForm(rest: string): string[] | undefined {
  try {
    const found: unknown = JSON.parse(rest);
    if (Array.isArray(found) && found.every((each): each is string => typeof each === "string")) return found;
  } catch {
    // The shell form.
  }
  return undefined;
}

const command = (config: Config, rest: string) =>
  execForm(rest) ?? [...(config.Shell ?? ["/bin/sh", "-c"]), rest];

/** Words with a Dockerfile's quotes and backslashes taken off. */
function words(rest: string): string[] {
  const token = /(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g;
  if (rest.replace(token, "").trim() !== "") refuse(`a quote in ${rest} is not closed`);
  return (rest.match(token) ?? []).map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_, double, single, escaped) =>
      double !== undefined ? double.replace(/\\(["\\$])/g, "$1") : (single ?? escaped),
    ),
  );
}

/** `A=1 B="two words"`, or the old `A all of the rest`. */
function pairs(rest: string): [name: string, value: string][] {
  const old = /^([^\s=]+)\s+(.*)$/s.exec(rest);
  if (old !== null) return [[old[1] ?? "", old[2] ?? ""]];
  return words(rest).map((word) => {
    const equals = word.indexOf("=");
    if (equals <= 0) refuse(`${JSON.stringify(word)} is no NAME=value`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function environment(config: Config, rest: string): Partial<Config> {
  const given = pairs(rest);
  const kept = config.Env.filter((each) => !given.some(([name]) => each.startsWith(`${name}=`)));
  return { Env: [...kept, ...given.map(([name, value]) => `${name}=${value}`)] };
}

function ports(rest: string): Record<string, object> {
  const named = words(rest).map((port) => (port.includes("/") ? port : `${port}/tcp`));
  const wrong = named.find((port) => !/^\d{1,5}(-\d{1,5})?\/(tcp|udp|sctp)$/.test(port));
  if (wrong !== undefined) refuse(`${JSON.stringify(wrong)} is no port`);
  return Object.fromEntries(named.map((port) => [port, {}]));
}

function duration(text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined || nanoseconds < 0) refuse(`${JSON.stringify(text)} is no duration`);
  return nanoseconds;
}

const healthOptions: Readonly<Record<string, readonly [field: string, read: (text: string) => number]>> = {
  interval: ["Interval", duration],
  timeout: ["Timeout", duration],
  "start-period": ["StartPeriod", duration],
  "start-interval": ["StartInterval", duration],
  retries: ["Retries", (text) => (/^\d+$/.test(text) ? Number(text) : refuse(`${text} is no number`))],
};

function healthcheck(rest: string): Partial<Config> {
  const none = { Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 };
  if (/^none$/i.test(rest)) return { Healthcheck: { Test: ["NONE"], ...none } };
  const [, options = "", test] = /^((?:--\S+\s+)*)CMD\s+(.*)$/is.exec(rest) ?? [];
  if (test === undefined) refuse("HEALTHCHECK wants NONE, or [--interval=30s …] CMD and a command");
  const given = words(options).map((option) => {
    const [, name = "", value = ""] = /^--([a-z-]+)=(.*)$/.exec(option) ?? [];
    const [field, read] = healthOptions[name] ?? refuse(`HEALTHCHECK has no option ${option}`);
    return [field, read(value)] as const;
  });
  const exec = execForm(test);
  const Test = exec === undefined ? ["CMD-SHELL", test] : ["CMD", ...exec];
  return { Healthcheck: { Test, ...none, ...Object.fromEntries(given) } };
}

function oneWord(rest: string): string {
  const [word, ...more] = words(rest);
  return word === undefined || more.length > 0 ? refuse(`${JSON.stringify(rest)} is not one word`) : word;
}

/** Relative to the one before it, as in a Dockerfile. */
function workingFolder(config: Config, rest: string): string {
  return rest.startsWith("/") ? rest : `${config.WorkingDir.replace(/\/$/, "")}/${rest}`;
}

const instructions: Readonly<Record<string, Instruction>> = {
  CMD: (config, rest) => ({ Cmd: command(config, rest) }),
  ENTRYPOINT: (config, rest) => ({ Entrypoint: command(config, rest) }),
  ENV: environment,
  EXPOSE: (config, rest) => ({ ExposedPorts: { ...config.ExposedPorts, ...ports(rest) } }),
  HEALTHCHECK: (_, rest) => healthcheck(rest),
  LABEL: (config, rest) => ({ Labels: { ...config.Labels, ...Object.fromEntries(pairs(rest)) } }),
  ONBUILD: (config, rest) => ({ OnBuild: [...(config.OnBuild ?? []), rest] }),
  STOPSIGNAL: (_, rest) => ({ StopSignal: oneWord(rest) }),
  USER: (_, rest) => ({ User: oneWord(rest) }),
  VOLUME: (config, rest) => ({
    Volumes: {
      ...config.Volumes,
      ...Object.fromEntries((execForm(rest) ?? words(rest)).map((path) => [path, {}])),
    },
  }),
  WORKDIR: (config, rest) => ({ WorkingDir: workingFolder(config, rest) }),
};

/** The configuration after the instructions, one after the other. INVALID_OPTION names what is wrong with one. */
export function changed(config: Config, changes: readonly string[]): Config {
  let after = config;
  for (const change of changes) {
    const [, name = "", rest = ""] = /^\s*([A-Za-z]+)\s+(.*?)\s*$/s.exec(change) ?? [];
    const instruction = instructions[name.toUpperCase()];
    if (instruction === undefined || rest === "")
      refuse(`${JSON.stringify(change.slice(0, 200))} is none of ${Object.keys(instructions).join(", ")}`);
    after = { ...after, ...instruction(after, rest) };
  }
  return after;
}
