import { at } from "../../client/client.ts";
import { each } from "../each.ts";
import { text } from "../options/option.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const kill = verb({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  options: { signal: text("SIGNAL", "A name or a number (default SIGKILL)", { short: "s" }) },
  args: [1, ANY],
  run: ({ client }, { options, args }) =>
    each(args, async (name) => {
      await client.send({
        method: "POST",
        path: at`/containers/${name}/kill`,
        query: { signal: options.signal },
      });
      out(`${name}\n`);
    }),
});
