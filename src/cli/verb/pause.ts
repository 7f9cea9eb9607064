import { at } from "../../client/client.ts";
import { each } from "../each.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const pause = verb({
  usage: "CONTAINER [CONTAINER...]",
  options: {},
  args: [1, ANY],
  run: ({ client }, { args }) =>
    each(args, async (name) => {
      await client.send({ method: "POST", path: at`/containers/${name}/pause` });
      out(`${name}\n`);
    }),
});

export const unpause = verb({
  usage: "CONTAINER [CONTAINER...]",
  options: {},
  args: [1, ANY],
  run: ({ client }, { args }) =>
    each(args, async (name) => {
      await client.send({ method: "POST", path: at`/containers/${name}/unpause` });
      out(`${name}\n`);
    }),
});
