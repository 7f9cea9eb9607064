import { at } from "../../client/client.ts";
import { each } from "../each.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";
import { endOptions } from "./stop.ts";

export const restart = verb({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  options: endOptions,
  args: [1, ANY],
  run: ({ client }, { options, args }) =>
    each(args, async (name) => {
      const query = { signal: options.signal, t: options.timeout ?? options.time };
      await client.send({ method: "POST", path: at`/containers/${name}/restart`, query });
      out(`${name}\n`);
    }),
});
