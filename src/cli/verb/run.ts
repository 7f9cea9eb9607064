import { at, type Client } from "../../client/client.ts";
import { attached, type CreateValues } from "../create/body.ts";
import { makeContainer } from "../create/make.ts";
import { createOptions } from "../create/options.ts";
import { flag, read } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { printError } from "../print-error.ts";
import { checkedKeys } from "../session/detach-keys.ts";
import { foreground } from "../session/foreground.ts";
import { startStatus } from "../status.ts";
import { err, OutputGone, out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

const options = {
  detach: flag("Leave it in the background and print its id", { short: "d" }),
  ...createOptions,
  "detach-keys": read("KEYS", checkedKeys, "Keys that leave it running (default ctrl-p,ctrl-q)", {
    group: "Terminal",
  }),
  "sig-proxy": flag("Hand this process's signals to it (default true)", { group: "Terminal", default: true }),
};

export const run = verb({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  options,
  args: [1, ANY],
  firstArgumentEndsOptions: true,
  examples: [
    "inro run --rm hello",
    "inro run -it --rm -v $PWD:/work -w /work debian:bookworm bash",
    "inro run -d --name web -m 64m -p 8080:80 nginx",
  ],
  async run({ client }, { options, args, given }) {
    const [image = "", ...command] = args;
    checkTogether(options, given);
    const streams = attached(options, options.detach);
    if (streams.stdin && options.tty && !process.stdin.isTTY)
      throw new UsageError("-t needs a terminal as standard input, and it is none (leave -t out, or -i)", 1);
    try {
      const id = await makeContainer(client, { image, command, options, given, streams });
      if (options.detach) return await background(client, id);
      return await foreground(client, {
        ...{ id, streams, tty: options.tty },
        name: options.name ?? id.slice(0, 12),
        detachKeys: options["detach-keys"],
        proxySignals: options["sig-proxy"],
        waitFor: options.rm ? "removed" : "next-exit",
      });
    } catch (error) {
      if (error instanceof UsageError || error instanceof OutputGone) throw error;
      err(printError(error));
      return startStatus(error);
    }
  },
});

function checkTogether(options: CreateValues & { detach: boolean }, given: ReadonlySet<string>): void {
  if (options.detach && given.has("attach")) throw new UsageError("-d and -a exclude each other", 1);
  if (options.rm && options.restart !== undefined && options.restart !== "no")
    throw new UsageError("--rm and --restart exclude each other");
}

async function background(client: Client, id: string): Promise<number> {
  await client.send({ method: "POST", path: at`/containers/${id}/start` });
  out(`${id}\n`);
  return 0;
}
