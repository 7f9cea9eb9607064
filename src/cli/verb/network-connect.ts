import { at } from "../../client/client.ts";
import { pairs } from "../create/environment.ts";
import { ipamConfig } from "../create/networks.ts";
import { flag, list, read, text } from "../options/option.ts";
import { integer } from "../options/readers.ts";
import { verb } from "../verb.ts";

export const connect = verb({
  usage: "[OPTIONS] NETWORK CONTAINER",
  options: {
    ip: text("ADDRESS", "Its IPv4 address there"),
    ip6: text("ADDRESS", "Its IPv6 address there"),
    alias: list("NAME", "Another name there"),
    "gw-priority": read("NUMBER", integer, "The default route leads through the network with the highest"),
    "link-local-ip": list("ADDRESS", "A link-local address", { hidden: true }),
    link: list("CONTAINER[:ALIAS]", "Make another container known by name", { hidden: true }),
    "driver-opt": list("KEY=VALUE", "An option of the driver", { hidden: true }),
  },
  args: [2, 2],
  async run({ client }, { options, args: [network = "", container] }) {
    const settings = {
      IPAMConfig: ipamConfig(options),
      Aliases: options.alias,
      DriverOpts: pairs(options["driver-opt"]),
      Links: options.link,
      GwPriority: options["gw-priority"] ?? 0,
    };
    const body = { Container: container, EndpointConfig: settings };
    await client.send({ method: "POST", path: at`/networks/${network}/connect`, body });
    return 0;
  },
});

export const disconnect = verb({
  usage: "[OPTIONS] NETWORK CONTAINER",
  options: { force: flag("As Docker has it; there is nothing to force", { short: "f", hidden: true }) },
  args: [2, 2],
  async run({ client }, { options, args: [network = "", container] }) {
    const body = { Container: container, Force: options.force };
    await client.send({ method: "POST", path: at`/networks/${network}/disconnect`, body });
    return 0;
  },
});
