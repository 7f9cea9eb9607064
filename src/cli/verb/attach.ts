import { at } from "../../client/client.ts";
import { flag, read } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { checkedKeys, detachKeys } from "../session/detach-keys.ts";
import { exitCode } from "../session/exit-code.ts";
import { session } from "../session/session.ts";
import { proxySignals } from "../session/signals.ts";
import { followWindow, windowSize } from "../session/window.ts";
import { err } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface About {
  readonly Id: string;
  readonly Name: string;
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean };
  readonly State: { readonly Running: boolean };
}

export const attach = verb({
  usage: "[OPTIONS] CONTAINER",
  options: {
    "no-stdin": flag("Do not join its input"),
    "detach-keys": read("KEYS", checkedKeys, "Keys that leave it running (default ctrl-p,ctrl-q)"),
    "sig-proxy": flag("Hand it this process's signals (default true)", { default: true }),
  },
  args: [1, 1],
  async run({ client }, { options, args: [name = ""] }) {
    const about = await client.json<About>({ method: "GET", path: at`/containers/${name}/json` });
    if (!about.State.Running)
      throw new UsageError(
        `cannot attach to a stopped container: start "${name}" first, with: inro start -ai ${name}`,
        1,
      );
    const { Tty: tty, OpenStdin: open } = about.Config;
    const stdin = open && !options["no-stdin"];
    if (tty && stdin && !process.stdin.isTTY)
      throw new UsageError(`"${name}" has a terminal, and standard input is none (use --no-stdin)`, 1);
    const post = (verb: string, query = {}) =>
      client.send({ method: "POST", path: `${at`/containers/${about.Id}/`}${verb}`, query });
    const query = { stream: true, stdin, stdout: true, stderr: true, detachKeys: options["detach-keys"] };
    const [hijacked, waiting] = await Promise.all([
      client.hijack({ method: "POST", path: at`/containers/${about.Id}/attach`, query }),
      post("wait"),
    ]);
    const stopSignals =
      options["sig-proxy"] && !tty ? proxySignals(name, (signal) => post("kill", { signal })) : undefined;
    const stopWindow = tty ? followWindow((size) => post("resize", { ...size })) : undefined;
    const size = windowSize();
    // A size that changes makes programs draw themselves anew for whoever joins.
    if (tty && size !== undefined) {
      await post("resize", { h: size.h + 1, w: size.w });
      await post("resize", { ...size });
    }
    try {
      const keys = tty ? detachKeys(options["detach-keys"] ?? "") : null;
      const end = await session(hijacked, { stdin, tty, detachKeys: keys });
      if (end === "ended") return await exitCode(waiting, name);
      err(`\r\ndetached: ${name} goes on\r\n`);
      return 0;
    } finally {
      stopSignals?.();
      stopWindow?.();
    }
  },
});
