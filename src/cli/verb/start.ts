import { at, type Client } from "../../client/client.ts";
import { each } from "../each.ts";
import { flag, read, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { checkedKeys } from "../session/detach-keys.ts";
import { foreground } from "../session/foreground.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const start = verb({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  options: {
    attach: flag("Join its output, hand it signals, and end with its exit code", { short: "a" }),
    interactive: flag("Join its input too", { short: "i" }),
    "detach-keys": read("KEYS", checkedKeys, "Keys that leave it running (default ctrl-p,ctrl-q)"),
    checkpoint: text("NAME", "Docker's; this engine makes none", { hidden: true }),
    "checkpoint-dir": text("FOLDER", "Docker's", { hidden: true }),
    "sig-proxy": flag("Hand it this process's signals (default true)", { default: true, hidden: true }),
  },
  args: [1, ANY],
  async run({ client }, { options, args }) {
    if (!options.attach && !options.interactive) {
      return each(args, async (name) => {
        const { checkpoint, "checkpoint-dir": folder } = options;
        const query = { checkpoint, "checkpoint-dir": folder };
        await client.send({ method: "POST", path: at`/containers/${name}/start`, query, expected: [304] });
        out(`${name}\n`);
      });
    }
    const [name = "", ...more] = args;
    if (more.length > 0) throw new UsageError("only one container can be attached to", 1);
    const about = await aboutContainer(client, name);
    return foreground(client, {
      id: about.Id,
      name,
      streams: { stdin: options.interactive && about.Config.OpenStdin, stdout: true, stderr: true },
      tty: about.Config.Tty,
      detachKeys: options["detach-keys"],
      proxySignals: options["sig-proxy"],
      waitFor: about.HostConfig.AutoRemove ? "removed" : "next-exit",
    });
  },
});

interface About {
  readonly Id: string;
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean };
  readonly HostConfig: { readonly AutoRemove: boolean };
}

const aboutContainer = (client: Client, name: string) =>
  client.json<About>({ method: "GET", path: at`/containers/${name}/json` });
