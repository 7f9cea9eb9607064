import { labels, pairs } from "../create/environment.ts";
import { flag, list, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { err, isTerminal, out } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { verb } from "../verb.ts";

export const create = verb({
  usage: "[OPTIONS] NETWORK",
  options: {
    driver: text("NAME", "bridge", { short: "d" }),
    subnet: list("CIDR", "Its addresses: 172.30.0.0/16 (default: a block that nothing uses)"),
    gateway: list("ADDRESS", "The host's address in it (default: the first)"),
    "ip-range": list("CIDR", "The part of the subnet that containers get addresses from"),
    "aux-address": list("NAME=ADDRESS", "An address that no container gets"),
    internal: flag("Its containers reach each other, and nothing else"),
    attachable: flag("Without meaning here, kept for inspect"),
    label: list("KEY[=VALUE]", "Set a label"),
    opt: list(
      "KEY=VALUE",
      "parent, macvlan_mode, ipvlan_mode, com.docker.network.bridge.name, .enable_icc, …",
      {
        short: "o",
      },
    ),
    ipv6: flag("Addresses of IPv6, too", { hidden: true }),
    ipv4: flag("Addresses of IPv4", { hidden: true, default: true }),
    "ipam-driver": text("NAME", "default", { hidden: true }),
    "ipam-opt": list("KEY=VALUE", "An option of the IPAM driver", { hidden: true }),
    scope: text("SCOPE", "local", { hidden: true }),
    ingress: flag("A swarm's", { hidden: true }),
    "config-only": flag("A swarm's", { hidden: true }),
    "config-from": text("NETWORK", "A swarm's", { hidden: true }),
  },
  args: [1, 1],
  examples: [
    "inro network create --subnet 172.30.0.0/16 web",
    "inro run -d --network web --name db postgres",
  ],
  async run({ client }, { options, args: [name] }) {
    const body = {
      Name: name,
      Driver: options.driver ?? "bridge",
      Internal: options.internal,
      Attachable: options.attachable,
      EnableIPv6: options.ipv6,
      EnableIPv4: options.ipv4,
      Ingress: options.ingress,
      Scope: options.scope,
      ConfigOnly: options["config-only"],
      ConfigFrom: options["config-from"] === undefined ? undefined : { Network: options["config-from"] },
      Labels: labels([], options.label),
      Options: pairs(options.opt),
      IPAM: {
        Driver: options["ipam-driver"] ?? "default",
        Options: pairs(options["ipam-opt"]),
        Config: pools(options),
      },
    };
    const made = await client.json<{ Id: string; Warning: string }>({
      method: "POST",
      path: "/networks/create",
      body,
    });
    for (const line of made.Warning.split("\n").filter((text) => text !== ""))
      err(`${paintFor(isTerminal(2))("yellow", "WARNING:")} ${line}\n`);
    out(`${made.Id}\n`);
    return 0;
  },
});

interface Asked {
  readonly subnet: readonly string[];
  readonly gateway: readonly string[];
  readonly "ip-range": readonly string[];
  readonly "aux-address": readonly string[];
}

/** One pool: the engine refuses more than one, and an address without its subnet. */
function pools(options: Asked): unknown[] {
  const lists = { "--gateway": options.gateway, "--ip-range": options["ip-range"] };
  for (const [option, values] of Object.entries(lists))
    if (values.length > Math.max(1, options.subnet.length))
      throw new UsageError(`cannot use ${option} ${values.length} times: there are fewer subnets`);
  const auxiliary = pairs(options["aux-address"]);
  const first = {
    ...(options.subnet[0] === undefined ? {} : { Subnet: options.subnet[0] }),
    ...(options.gateway[0] === undefined ? {} : { Gateway: options.gateway[0] }),
    ...(options["ip-range"][0] === undefined ? {} : { IPRange: options["ip-range"][0] }),
    ...(Object.keys(auxiliary).length === 0 ? {} : { AuxiliaryAddresses: auxiliary }),
  };
  const rest = options.subnet.slice(1).map((subnet) => ({ Subnet: subnet }));
  return Object.keys(first).length === 0 ? [] : [first, ...rest];
}
