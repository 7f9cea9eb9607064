import { flag, list } from "../options/option.ts";
import { decimalSize } from "../print/human.ts";
import { filters } from "../print/listing.ts";
import { confirmed } from "../terminal/confirm.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Pruned {
  readonly ContainersDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}

export const containerPrune = verb({
  usage: "[OPTIONS]",
  options: {
    force: flag("Do not ask", { short: "f" }),
    filter: list("KEY=VALUE", "Only those that fit"),
  },
  args: [0, 0],
  async run({ client }, { options }) {
    const query = { filters: filters(options.filter) };
    if (!options.force && !confirmed("This removes all containers that do not run. Continue?")) return 1;
    const done = await client.json<Pruned>({ method: "POST", path: "/containers/prune", query });
    const removed = done.ContainersDeleted ?? [];
    if (removed.length > 0) out(`Deleted Containers:\n${removed.map((id) => `${id}\n`).join("")}\n`);
    out(`Total reclaimed space: ${decimalSize(done.SpaceReclaimed, 4)}\n`);
    return 0;
  },
});
