import { at } from "../../client/client.ts";
import { verb } from "../verb.ts";

export const rename = verb({
  usage: "CONTAINER NEW_NAME",
  options: {},
  args: [2, 2],
  async run({ client }, { args: [container = "", name = ""] }) {
    await client.send({ method: "POST", path: at`/containers/${container}/rename`, query: { name } });
    return 0;
  },
});
