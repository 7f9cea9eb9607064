import { contains, familyOf, parseSubnet } from "../../oci/address.ts";
import { labels, pairs } from "../create/environment.ts";
import { flag, list, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { printWarning } from "../print-error.ts";
import { err, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const create = verb({
  usage: "[OPTIONS] NETWORK",
  options: {
    driver: text("NAME", "bridge", { short: "d" }),
    subnet: list(
      "CIDR",
      "Its addresses: 172.30.0.0/16, fd00:0:0:1::/64 (default: a block that nothing uses)",
    ),
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
    ipv6: flag("Addresses of IPv6, too (default: when a --subnet is of it)"),
    ipv4: flag("Addresses of IPv4; --ipv4=false for IPv6 alone", { default: true }),
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
      EnableIPv6: options.ipv6 ? true : undefined,
      EnableIPv4: options.ipv4 ? undefined : false,
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
    for (const line of made.Warning.split("\n").filter((text) => text !== "")) err(printWarning(line));
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

/** Each address and range goes with the subnet that it lies in; the engine refuses what does not go together. */
function pools(options: Asked): unknown[] {
  const pools = options.subnet.map((text) => ({
    within: parseSubnet(text),
    config: { Subnet: text } as Config,
  }));
  const configOf = (option: string, text: string): Config => {
    const { family, base: value } = parseSubnet(text.includes("/") ? text : `${text}/${widthOf(text)}`);
    const found = pools.find(({ within }) => contains(within, { family, value }));
    if (found !== undefined) return found.config;
    throw new UsageError(`cannot use ${option} ${text}: it lies in no --subnet`);
  };
  const put = (option: string, name: "Gateway" | "IPRange", texts: readonly string[]) => {
    for (const text of texts) {
      const config = configOf(option, text);
      if (config[name] !== undefined)
        throw new UsageError(
          `cannot use ${option} ${text}: the subnet ${config.Subnet} has ${config[name]} already`,
        );
      config[name] = text;
    }
  };
  put("--gateway", "Gateway", options.gateway);
  put("--ip-range", "IPRange", options["ip-range"]);
  for (const text of options["aux-address"]) {
    const [name = "", address = ""] = text.split(/=(.*)/s);
    const config = configOf("--aux-address", address);
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address };
  }
  return pools.map(({ config }) => config);
}

interface Config {
  readonly Subnet: string;
  Gateway?: string;
  IPRange?: string;
  AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

const widthOf = (address: string) => (familyOf(address) === 4 ? 32 : 128);
