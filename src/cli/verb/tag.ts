import { at } from "../../client/client.ts";
import { splitTag } from "../images.ts";
import { verb } from "../verb.ts";

export const tag = verb({
  usage: "IMAGE[:TAG] NAME[:TAG]",
  options: {},
  args: [2, 2],
  async run({ client }, { args: [image = "", name = ""] }) {
    const { fromImage: repo, tag } = splitTag(name);
    await client.send({ method: "POST", path: at`/images/${image}/tag`, query: { repo, tag } });
    return 0;
  },
});
