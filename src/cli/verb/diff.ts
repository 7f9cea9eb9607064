import { at } from "../../client/client.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Change {
  readonly Path: string;
  readonly Kind: 0 | 1 | 2;
}

const letters = ["C", "A", "D"] as const;

export const diff = verb({
  usage: "CONTAINER",
  options: {},
  args: [1, 1],
  async run({ client }, { args: [name = ""] }) {
    const changes = await client.json<readonly Change[] | null>({
      method: "GET",
      path: at`/containers/${name}/changes`,
    });
    out((changes ?? []).map(({ Kind, Path }) => `${letters[Kind]} ${Path}\n`).join(""));
    return 0;
  },
});
