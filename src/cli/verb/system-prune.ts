import { flag, list } from "../options/option.ts";
import { confirmed } from "../terminal/confirm.ts";
import { verb } from "../verb.ts";
import { kinds, pruned, told } from "./prune.ts";

export const systemPrune = verb({
  usage: "[OPTIONS]",
  options: {
    all: flag("All images that no container uses, not only those without a name", { short: "a" }),
    volumes: flag("Anonymous volumes that no container uses, too"),
    filter: list("KEY=VALUE", "Only those that fit: until=24h, label=x, label!=x"),
    force: flag("Do not ask", { short: "f" }),
    "dry-run": flag("Remove nothing: show what would go, as containers keep their images now"),
  },
  args: [0, 0],
  async run({ client }, { options: { all, volumes, filter, force, "dry-run": dryRun } }) {
    if (volumes && filter.some((each) => /^until\s*=/.test(each)))
      throw new Error("cannot prune volumes until a moment: leave out --volumes, or the filter");
    // What builds keep has no labels.
    const hasLabels = filter.some((each) => /^label!?\s*=/.test(each));
    const going = [
      "all containers that do not run",
      "all networks that no container uses",
      ...(volumes ? ["all anonymous volumes that no container uses"] : []),
      all ? "all images that no container uses" : "all images without a name",
      ...(hasLabels ? [] : ["what no image shares of the build cache"]),
    ];
    const question = `This removes:\n${going.map((each) => `  - ${each}\n`).join("")}Continue?`;
    if (!dryRun && !force && !confirmed(question)) return 1;
    // Containers first: what they used may go with them.
    const gone = [await pruned(client, { ...kinds.containers, filter }, dryRun)];
    gone.push(await pruned(client, { ...kinds.networks, filter }, dryRun));
    if (volumes) gone.push(await pruned(client, { ...kinds.volumes, filter }, dryRun));
    gone.push(await pruned(client, { ...kinds.images, filter: [...filter, `dangling=${!all}`] }, dryRun));
    if (!hasLabels) gone.push(await pruned(client, { ...kinds.cache, filter }, dryRun));
    return told(gone, dryRun);
  },
});
