import { at } from "../../client/client.ts";
import { table } from "../print/table.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export interface Processes {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[] | null;
}

export const top = verb({
  usage: "CONTAINER [PS OPTIONS]",
  options: {},
  args: [1, ANY],
  firstArgumentEndsOptions: true,
  examples: ["inro top web", "inro top web -o pid,comm"],
  async run({ client }, { args: [name = "", ...words] }) {
    const query = { ps_args: words.join(" ") };
    const found = await client.json<Processes>({ method: "GET", path: at`/containers/${name}/top`, query });
    out(table([found.Titles, ...(found.Processes ?? [])]));
    return 0;
  },
});
