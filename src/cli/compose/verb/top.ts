import { at } from "../../../client/client.ts";
import { table } from "../../print/table.ts";
import { out } from "../../terminal/output.ts";
import type { Processes } from "../../verb/top.ts";
import { ANY } from "../../verb.ts";
import { runs } from "../members.ts";
import { composeVerb } from "../verb.ts";

export const top = composeVerb({
  usage: "[SERVICE...]",
  options: {},
  args: [0, ANY],
  async run(app, { args }) {
    const all = (await app.members(args)).filter(runs);
    const found = await Promise.all(
      all.map(({ id }) => app.client.json<Processes>({ method: "GET", path: at`/containers/${id}/top` })),
    );
    for (const [i, { name }] of all.entries()) {
      const { Titles = [], Processes } = found[i] ?? {};
      out(`${name}\n${table([Titles, ...(Processes ?? [])])}\n`);
    }
    return 0;
  },
});
