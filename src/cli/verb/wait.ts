import { at } from "../client/client.ts";
import { each } from "../each.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

interface Ended {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string } | null;
}

export const wait = verb({
  usage: "CONTAINER [CONTAINER...]",
  options: {},
  args: [1, ANY],
  run: ({ client }, { args }) =>
    each(args, async (name) => {
      const ended = await client.json<Ended>({ method: "POST", path: at`/containers/${name}/wait` });
      if (ended.Error?.Message) throw new Error(ended.Error.Message);
      out(`${ended.StatusCode}\n`);
    }),
});
