import { at } from "../../client/client.ts";
import { each } from "../each.ts";
import { read, text } from "../options/option.ts";
import { integer } from "../options/readers.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const endOptions = {
  signal: text("SIGNAL", "The signal that asks it to end", { short: "s" }),
  timeout: read("SECONDS", integer, "How long to wait before SIGKILL; -1 for ever", { short: "t" }),
  time: read("SECONDS", integer, "As --timeout", { hidden: true }),
};

export const stop = verb({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  options: endOptions,
  args: [1, ANY],
  run: ({ client }, { options, args }) =>
    each(args, async (name) => {
      const query = { signal: options.signal, t: options.timeout ?? options.time };
      await client.send({ method: "POST", path: at`/containers/${name}/stop`, query, expected: [304] });
      out(`${name}\n`);
    }),
});
