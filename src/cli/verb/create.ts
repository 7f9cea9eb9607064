import { attached } from "../create/body.ts";
import { makeContainer } from "../create/make.ts";
import { createOptions } from "../create/options.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const create = verb({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  options: createOptions,
  args: [1, ANY],
  firstArgumentEndsOptions: true,
  examples: ["inro create --name web -p 8080:80 nginx && inro start web"],
  async run({ client }, { options, args, given }) {
    const [image = "", ...command] = args;
    const streams = attached(options, false);
    out(`${await makeContainer(client, { image, command, options, given, streams })}\n`);
    return 0;
  },
});
