import { commandLine, common } from "./common.ts";
import { flagsOf } from "./flags.ts";
import type { RunDevice, RunInstruction } from "./instruction.ts";
import { meantOf } from "./meant.ts";
import { parseMount } from "./mount-flag.ts";
import { refuse, type Statement } from "./statement.ts";
import type { Word } from "./word.ts";

const flags = { mount: "texts", network: "text", security: "text", device: "texts" } as const;

export function parseRun(statement: Statement): RunInstruction {
  const { mount, network, security, device } = flagsOf(statement, flags);
  const command = commandLine(statement);
  if (command.form === "exec" ? command.arguments.length === 0 : command.command === "")
    refuse(statement, "RUN requires at least one argument");
  return {
    kind: "run",
    ...common(statement),
    command,
    heredocs: statement.heredocs.map(({ heredoc }) => heredoc),
    mounts: mount.map((each) => parseMount(statement, each)),
    devices: device.map((each) => parseDevice(statement, each)),
    network: oneOf(statement, network, "network mode", ["default", "none", "host"]),
    security: oneOf(statement, security, "security mode", ["sandbox", "insecure"]),
  };
}

/** One of some names, the first of which is the default. */
function oneOf<const Name extends string>(
  statement: Statement,
  word: Word | undefined,
  what: string,
  names: readonly [Name, ...Name[]],
): Name {
  if (word === undefined) return names[0];
  const name = names.find((each) => each === word.raw.toLowerCase());
  if (name !== undefined) return name;
  refuse(
    statement,
    `unsupported ${what} ${JSON.stringify(word.raw)}`,
    word.location,
    meantOf(word.raw, names),
  );
}

function parseDevice(statement: Statement, word: Word): RunDevice {
  const [name = "", ...options] = word.raw.split(",").map((part) => part.replace(/^name=/, ""));
  const isRequired = options.some((option) => option === "required" || option === "required=true");
  const wrong = options.find((option) => !/^required(=(true|false))?$/.test(option));
  if (name === "" || name === "required" || wrong !== undefined)
    refuse(
      statement,
      `invalid device ${JSON.stringify(word.raw)}`,
      word.location,
      "write --device=vendor.com/class=name or --device=vendor.com/class=name,required",
    );
  return { name, required: isRequired };
}
