import { at } from "../client/client.ts";
import { networkBandwidth } from "../create/bandwidth.ts";
import { each } from "../each.ts";
import { read } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const update = verb({
  usage: "--network-bandwidth in=RATE,out=RATE CONTAINER [CONTAINER...]",
  options: {
    "network-bandwidth": read(
      "in=RATE,out=RATE",
      networkBandwidth,
      "How fast it may receive and send from now on; 0 or none for no limit",
    ),
  },
  args: [1, ANY],
  examples: ["inro update --network-bandwidth out=2mbit web", "inro update --network-bandwidth none web"],
  run: ({ client }, { options, args }) => {
    const { "network-bandwidth": bandwidth } = options;
    if (bandwidth === undefined) throw new UsageError("say what is to be changed: --network-bandwidth");
    const body = { NetworkBandwidth: bandwidth };
    return each(args, async (name) => {
      await client.send({ method: "POST", path: at`/containers/${name}/update`, body });
      out(`${name}\n`);
    });
  },
});
