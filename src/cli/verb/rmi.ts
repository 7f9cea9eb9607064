import { ApiError, at } from "../../client/client.ts";
import { each } from "../each.ts";
import { flag, list } from "../options/option.ts";
import { printError } from "../print-error.ts";
import { err, out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

interface Removed {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

export const rmi = verb({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  options: {
    force: flag("Remove it although containers that do not run use it", { short: "f" }),
    platform: list("OS/ARCH", "Docker's; here each platform's image has an id of its own", { hidden: true }),
    "no-prune": flag("Keep the untagged images beneath it"),
  },
  args: [1, ANY],
  run: ({ client }, { options, args }) =>
    each(args, async (name) => {
      const query = { force: options.force, noprune: options["no-prune"], platforms: options.platform };
      const removed = await client
        .json<readonly Removed[]>({ method: "DELETE", path: at`/images/${name}`, query })
        .catch((error: unknown) => {
          // Docker's: told, but no failure.
          if (!(options.force && error instanceof ApiError && error.status === 404)) throw error;
          err(printError(error));
          return [];
        });
      for (const { Untagged, Deleted } of removed)
        out(Untagged !== undefined ? `Untagged: ${Untagged}\n` : `Deleted: ${Deleted}\n`);
    }),
});
