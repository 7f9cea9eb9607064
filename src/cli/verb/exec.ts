import { at, type Client } from "../../client/client.ts";
import { environment } from "../create/environment.ts";
import { flag, list, read, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { printError } from "../print-error.ts";
import { checkedKeys, detachKeys } from "../session/detach-keys.ts";
import { session } from "../session/session.ts";
import { followWindow, windowSize } from "../session/window.ts";
import { startStatus } from "../status.ts";
import { err, OutputGone } from "../terminal/output.ts";
import { ANY, type Line, verb } from "../verb.ts";

const options = {
  interactive: flag("Keep standard input open", { short: "i" }),
  tty: flag("Give it a terminal", { short: "t" }),
  detach: flag("Leave it in the background", { short: "d" }),
  env: list("NAME[=VALUE]", "Set an environment variable", { short: "e" }),
  "env-file": list("FILE", "Read environment variables from a file"),
  user: text("USER[:GROUP]", "The user, by name or number", { short: "u" }),
  workdir: text("FOLDER", "The working directory inside", { short: "w" }),
  privileged: flag("All capabilities"),
  "detach-keys": read("KEYS", checkedKeys, "Keys that leave it running (default ctrl-p,ctrl-q)"),
};

export const exec = verb({
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  options,
  args: [2, ANY],
  firstArgumentEndsOptions: true,
  examples: ["inro exec -it web sh"],
  async run({ client }, line) {
    const { interactive, tty, detach } = line.options;
    if (interactive && tty && !detach && !process.stdin.isTTY)
      throw new UsageError("-t needs a terminal as standard input, and it is none (leave -t out, or -i)", 1);
    try {
      const id = await makeExec(client, line);
      return detach ? await background(client, id) : await foreground(client, id, line);
    } catch (error) {
      if (error instanceof UsageError || error instanceof OutputGone) throw error;
      err(printError(error));
      const status = startStatus(error);
      return status === 125 ? 1 : status;
    }
  },
});

type ExecLine = Line<typeof options>;

async function makeExec(
  client: Client,
  { options, args: [container = "", ...command] }: ExecLine,
): Promise<string> {
  const attached = !options.detach;
  const made = await client.json<{ Id: string }>({
    method: "POST",
    path: at`/containers/${container}/exec`,
    body: {
      Cmd: command,
      AttachStdin: attached && options.interactive,
      AttachStdout: attached,
      AttachStderr: attached,
      Tty: options.tty,
      Detach: options.detach,
      Env: environment(options["env-file"], options.env, 1),
      Privileged: options.privileged,
      ...(options["detach-keys"] === undefined ? {} : { DetachKeys: options["detach-keys"] }),
      ...(options.user === undefined ? {} : { User: options.user }),
      ...(options.workdir === undefined ? {} : { WorkingDir: options.workdir }),
      ...consoleSize(options.tty),
    },
  });
  return made.Id;
}

function consoleSize(tty: boolean): { ConsoleSize?: [number, number] } {
  const size = tty ? windowSize() : undefined;
  return size === undefined ? {} : { ConsoleSize: [size.h, size.w] };
}

async function background(client: Client, id: string): Promise<number> {
  await client.send({ method: "POST", path: at`/exec/${id}/start`, body: { Detach: true } });
  return 0;
}

async function foreground(client: Client, id: string, { options }: ExecLine): Promise<number> {
  const { tty, interactive } = options;
  const hijacked = await client.hijack({
    method: "POST",
    path: at`/exec/${id}/start`,
    body: { Detach: false, Tty: tty, ...consoleSize(tty) },
  });
  const stopWindow = tty
    ? followWindow((size) =>
        client.send({ method: "POST", path: at`/exec/${id}/resize`, query: { ...size } }),
      )
    : undefined;
  try {
    const keys = tty ? detachKeys(options["detach-keys"] ?? "") : null;
    const end = await session(hijacked, { stdin: interactive, tty, detachKeys: keys });
    if (end === "detached") return 0;
    const ended = await client.json<{ ExitCode: number | null }>({
      method: "GET",
      path: at`/exec/${id}/json`,
    });
    return ended.ExitCode ?? 0;
  } finally {
    stopWindow?.();
  }
}
