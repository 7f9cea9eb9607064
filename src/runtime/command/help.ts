import { COMMANDS, type Command } from "./commands.ts";

/** What `--help` prints: of one command, or of all. */
export function help(name: string | undefined, find: (name: string) => Command | undefined): string {
  const command = name === undefined ? undefined : find(name);
  if (name !== undefined && command !== undefined) return helpOfOne(name, command);
  const lines = Object.entries(COMMANDS).map(([word, { about }]) => `  ${word.padEnd(9)} ${about}`);
  return `usage: inro-runtime [global flags] COMMAND [flags] …

${lines.join("\n")}

global flags:
  --root DIR            where the state of containers is kept (/run/inro-runtime)
  --log FILE            errors are written there too
  --log-format FORMAT   text or json
  --rootless VALUE      true, false or auto (auto)
  --systemd-cgroup      refused: cgroups are made without systemd
  --debug               the plans that are executed are written to the log too
  --criu FILE           taken for the sake of callers
  --help, --version
`;
}

function helpOfOne(name: string, command: Command): string {
  const { switches, values, lists, short, usage, about } = command;
  const letters = new Map(Object.entries(short).map(([letter, long]) => [long, letter]));
  const flag = (long: string, value: string): string => {
    const letter = letters.get(long);
    return `  --${long}${value}${letter === undefined ? "" : `, -${letter}`}`;
  };
  const lines = [
    ...switches.map((long) => flag(long, "")),
    ...values.map((long) => flag(long, " VALUE")),
    ...lists.map((long) => flag(long, " VALUE …")),
  ];
  const flags = lines.length === 0 ? "" : `\nflags:\n${lines.join("\n")}\n`;
  return `usage: inro-runtime ${name} ${usage}\n\n${about}\n${flags}`;
}
