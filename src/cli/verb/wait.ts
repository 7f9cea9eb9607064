import { at } from "../../client/client.ts";
import { each } from "../each.ts";
import { exitCode } from "../session/exit-code.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const wait = verb({
  usage: "CONTAINER [CONTAINER...]",
  options: {},
  args: [1, ANY],
  run: ({ client }, { args }) =>
    each(args, async (name) => {
      const waiting = await client.send({ method: "POST", path: at`/containers/${name}/wait` });
      out(`${await exitCode(waiting, name)}\n`);
    }),
});
