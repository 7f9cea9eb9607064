import { ApiError, at } from "../../client/client.ts";
import { each } from "../each.ts";
import { flag } from "../options/option.ts";
import { printError } from "../print-error.ts";
import { err, out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const rm = verb({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  options: {
    force: flag("Kill it first when it runs; one that is not there is no failure", { short: "f" }),
    link: flag("Take a link away: a container keeps those that it was made with", {
      short: "l",
      hidden: true,
    }),
    volumes: flag("Remove its anonymous volumes too", { short: "v" }),
  },
  args: [1, ANY],
  examples: ["inro rm -f $(inro ps -aq)"],
  run: ({ client }, { options, args }) =>
    each(args, async (name) => {
      const query = { force: options.force, v: options.volumes, link: options.link };
      try {
        await client.send({ method: "DELETE", path: at`/containers/${name}`, query });
      } catch (error) {
        if (!(options.force && error instanceof ApiError && error.status === 404)) throw error;
        err(printError(error));
        return;
      }
      out(`${name}\n`);
    }),
});
