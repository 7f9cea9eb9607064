import { appendFileSync, writeSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { type CommandSyntax, parseArguments } from "./options.ts";

/** What every command of the OCI command line is told. */
export interface Invocation {
  /** Where state is kept. */
  readonly root: string;
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
  /** The native program's path. */
  readonly native: () => string;
  /** Tells what went wrong and stops nothing, where errors are told. */
  readonly warn: (message: string) => void;
}

interface Command extends CommandSyntax {
  readonly usage: string;
  readonly load: () => Promise<(invocation: Invocation) => Promise<number> | number>;
}

const GLOBAL: CommandSyntax = {
  switches: ["debug", "version", "help", "systemd-cgroup"],
  values: ["root", "log", "log-format", "rootless"],
  short: { v: "version", h: "help" },
};

const CREATION = {
  switches: ["no-pivot", "no-new-keyring", "detach", "keep", "no-subreaper"],
  values: ["bundle", "pid-file", "console-socket", "preserve-fds"],
  short: { b: "bundle", d: "detach" },
} as const;
const NOTHING = { switches: [], values: [], short: {} } as const;

const COMMANDS: Readonly<Record<string, Command>> = {
  create: {
    ...CREATION,
    usage: "[--bundle DIR] [--pid-file FILE] [--console-socket SOCKET] ID",
    load: async () => (await import("./create.ts")).createCommand,
  },
  run: {
    ...CREATION,
    usage: "[--bundle DIR] [--pid-file FILE] [--console-socket SOCKET] [--detach] [--keep] ID",
    load: async () => (await import("./run.ts")).runCommand,
  },
  start: { ...NOTHING, usage: "ID", load: async () => (await import("./start.ts")).startCommand },
  state: { ...NOTHING, usage: "ID", load: async () => (await import("./state.ts")).stateCommand },
  kill: {
    switches: ["all"],
    values: [],
    short: { a: "all" },
    usage: "[--all] ID [SIGNAL]",
    load: async () => (await import("./kill.ts")).killCommand,
  },
  delete: {
    switches: ["force"],
    values: [],
    short: { f: "force" },
    usage: "[--force] ID",
    load: async () => (await import("./delete.ts")).deleteCommand,
  },
  list: {
    switches: ["quiet"],
    values: ["format"],
    short: { q: "quiet", f: "format" },
    usage: "[--quiet] [--format table|json]",
    load: async () => (await import("./list.ts")).listCommand,
  },
  features: { ...NOTHING, usage: "", load: async () => (await import("./features.ts")).featuresCommand },
};

const DEFAULT_ROOT = "/run/inro-runtime";
export const VERSION = "0.1.0";
export const OCI_VERSION = "1.3.0";

/** `inro-runtime`: the OCI command line. Its exit code; errors are told on stderr and in the log that was asked for. */
export async function runtimeCommand(words: readonly string[], native: () => string): Promise<number> {
  let log: ErrorLog = { path: undefined, json: false };
  try {
    const global = parseArguments(words, GLOBAL);
    log = { path: global.values.get("log"), json: global.values.get("log-format") === "json" };
    if (global.flags.has("version")) return print(`inro-runtime version ${VERSION}\nspec: ${OCI_VERSION}\n`);
    const [name, ...rest] = global.operands;
    if (name === undefined || name === "help" || global.flags.has("help")) return print(usage());
    const command = COMMANDS[name];
    if (command === undefined) throw unknownCommand(name);
    if (rest.includes("--help")) return print(`usage: inro-runtime ${name} ${command.usage}\n`);
    const root = global.values.get("root") ?? DEFAULT_ROOT;
    const run = await command.load();
    const warn = (message: string) => tell("warning", message, log);
    return await run({ root, native, warn, ...parseArguments(rest, command) });
  } catch (cause) {
    tell("error", cause instanceof InroError ? cause.message : String((cause as Error).stack ?? cause), log);
    return 1;
  }
}

function print(text: string): number {
  writeSync(1, text);
  return 0;
}

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, command]) => `  ${name} ${command.usage}`);
  return `usage: inro-runtime [--root DIR] [--log FILE] [--log-format text|json] COMMAND\n\n${lines.join("\n")}\n`;
}

function unknownCommand(name: string): InroError {
  return new InroError("USAGE", {
    what: `cannot understand "${name}"`,
    why: "there is no such command",
    hint: `commands are ${Object.keys(COMMANDS).join(", ")}`,
  });
}

interface ErrorLog {
  readonly path: string | undefined;
  readonly json: boolean;
}

/** What callers of OCI runtimes read errors from: one JSON object a line, or text. */
function tell(level: "error" | "warning", message: string, { path, json }: ErrorLog): void {
  writeSync(2, `inro-runtime: ${level === "warning" ? "warning: " : ""}${message}\n`);
  if (path === undefined) return;
  const time = new Date().toISOString();
  const line = json ? JSON.stringify({ level, msg: message, time }) : `${time} ${level}: ${message}`;
  appendFileSync(path, `${line}\n`, { mode: 0o600 });
}
