import { at } from "../../client/client.ts";
import { demultiplexer } from "../../oci/stream-frames.ts";
import { isFramed } from "../logs.ts";
import { flag, read, text } from "../options/option.ts";
import { moment } from "../options/readers.ts";
import { err, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const logs = verb({
  usage: "[OPTIONS] CONTAINER",
  options: {
    follow: flag("Go on until it ends", { short: "f" }),
    tail: text("LINES", "Only the last lines (default all)", { short: "n" }),
    since: read("TIME", moment, "From then on: 10m, 2026-11-24T10:00:00, or a Unix time"),
    until: read("TIME", moment, "Up to then"),
    clear: flag("Forget what it wrote until now; with -f, show what comes"),
    timestamps: flag("Begin each line with its time", { short: "t" }),
    details: flag("With the labels and variables that its --log-opt names"),
  },
  args: [1, 1],
  async run({ client }, { options: { clear, ...options }, args: [name = ""] }) {
    if (clear) {
      await client.send({ method: "DELETE", path: at`/inro/containers/${name}/logs` });
      if (!options.follow) return 0;
    }
    const answer = await client.send({
      method: "GET",
      path: at`/containers/${name}/logs`,
      query: { stdout: true, stderr: true, ...options },
    });
    const show = (await isFramed(client, name, answer))
      ? demultiplexer((stream, bytes) => (stream === "stderr" ? err : out)(bytes))
      : out;
    for await (const part of answer.body) show(part);
    return 0;
  },
});
