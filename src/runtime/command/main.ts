import { InroError } from "../../oci/error.ts";
import type { Caller } from "./caller.ts";
import { ABSENT, COMMANDS, type Command, type Invocation } from "./commands.ts";
import { type ErrorLog, tell } from "./log.ts";
import { type CommandSyntax, parseArguments, truth } from "./options.ts";

const GLOBAL: CommandSyntax = {
  switches: ["debug", "version", "help", "systemd-cgroup"],
  // There is no checkpoint that a --criu would serve.
  values: ["root", "log", "log-format", "rootless", "criu"],
  lists: [],
  short: { v: "version", h: "help" },
};

export const VERSION = "0.1.0";
export const OCI_VERSION = "1.3.0";
/** runc's, for a word that is no command. */
const NO_SUCH_COMMAND = 3;

/** `inro-runtime`: the OCI command line. Its exit code; errors are told on stderr and in the log that was asked for. */
export async function runtimeCommand(
  words: readonly string[],
  caller: Caller,
  native: () => Promise<string>,
): Promise<number> {
  let log: ErrorLog = { path: undefined, json: false };
  let failure = 1;
  try {
    const global = parseArguments(words, GLOBAL);
    log = logOf(global.values);
    checkRootless(global.values.get("rootless"));
    if (global.flags.has("version"))
      return await print(caller, `inro-runtime version ${VERSION}\nspec: ${OCI_VERSION}\n`);
    const [name = "help", ...rest] = global.operands;
    if (name === "help" || name === "h" || global.flags.has("help"))
      return await print(caller, await helpOf(rest[0]));
    const command = commandOf(name);
    if (command === undefined) {
      failure = NO_SUCH_COMMAND;
      throw unknownCommand(name);
    }
    const help = { switches: [...command.switches, "help"], short: { ...command.short, h: "help" } };
    const parsed = parseArguments(rest, { ...command, ...help });
    if (parsed.flags.has("help")) return await print(caller, await helpOf(name));
    checkOperands(name, command, parsed.operands.length);
    failure = command.failure;
    const run = await command.load();
    const root = caller.path(global.values.get("root") ?? defaultRoot(caller));
    const systemdCgroup = global.flags.has("systemd-cgroup");
    const warn = (message: string) => void tell(caller, "warning", message, log);
    const debug = global.flags.has("debug") ? { explain: explainIn(caller, log) } : {};
    return await run({ caller, root, systemdCgroup, native, warn, ...debug, ...parsed });
  } catch (cause) {
    await tell(caller, "error", wordsOf(cause), log);
    return failure;
  }
}

/**
 * What is wrong with config.json is told with where it stands there, as RFC 6901 points. A program that cannot be started
 * is told in the words that callers look for; the kernel's refusal of a file in its own; anything else is a defect.
 */
function wordsOf(cause: unknown): string {
  if (!(cause instanceof InroError)) {
    const { message, stack, syscall } = cause as NodeJS.ErrnoException;
    return String((syscall === undefined ? stack : message) ?? cause);
  }
  const { code, message, at = "" } = cause;
  const points = at.startsWith("/") && !message.includes(at) && !code.startsWith("COMMAND_");
  return points ? `${message} [${at}]` : message;
}

function explainIn(caller: Caller, log: ErrorLog): NonNullable<Invocation["explain"]> {
  return async (plan, surveyed) => {
    const { printPlan } = await import("../../kernel/plan/print.ts");
    for (const line of printPlan(plan, [], surveyed).trimEnd().split("\n"))
      await tell(caller, "debug", line, log);
  };
}

async function print(caller: Caller, text: string): Promise<number> {
  await caller.print(text);
  return 0;
}

const helpOf = async (name: string | undefined): Promise<string> =>
  (await import("./help.ts")).help(name, commandOf);

function commandOf(name: string): Command | undefined {
  if (ABSENT.includes(name)) throw absent(name);
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

/** A user's own state is where the user may write: XDG base directory specification. */
function defaultRoot({ env }: Caller): string {
  const own = env["XDG_RUNTIME_DIR"] ?? "";
  return process.geteuid?.() !== 0 && own !== "" ? `${own}/inro-runtime` : "/run/inro-runtime";
}

function logOf(values: ReadonlyMap<string, string>): ErrorLog {
  const format = values.get("log-format") ?? "text";
  if (format !== "text" && format !== "json") {
    throw new InroError("USAGE", {
      what: `cannot log as "${format}"`,
      why: "formats are text and json",
      at: "--log-format",
    });
  }
  return { path: values.get("log"), json: format === "json" };
}

/** `auto` is what always happens: what may be written is written. */
function checkRootless(value = "auto"): void {
  if (value !== "auto") truth(value, `--rootless ${value}`);
}

function checkOperands(name: string, { operands: [least, most], usage }: Command, count: number): void {
  if (count >= least && count <= most) return;
  const bound = least === most ? `exactly ${least}` : count < least ? `at least ${least}` : `at most ${most}`;
  throw new InroError("USAGE", {
    what: `cannot understand "${name}" with ${count} operand${count === 1 ? "" : "s"}`,
    why: `it takes ${bound}`,
    hint: `usage: inro-runtime ${name} ${usage}`.trimEnd(),
  });
}

function unknownCommand(name: string): InroError {
  return new InroError("USAGE", {
    what: `cannot understand "${name}"`,
    why: "there is no such command",
    hint: `commands are ${Object.keys(COMMANDS).join(", ")}`,
  });
}

function absent(name: string): InroError {
  return new InroError("CHECKPOINT_UNSUPPORTED", {
    what: `cannot ${name} a container`,
    why: "this runtime saves no memory of processes",
    hint: "`pause` holds a container where it stands, for as long as the host runs",
  });
}
