import { UsageError } from "../options/usage-error.ts";
import type { CreateValues } from "./body.ts";
import { pairs } from "./environment.ts";

/** A `--network`: a name, or Docker's long form `name=web,alias=a,ip=…,ip6=…,mac-address=…,gw-priority=1`. */
interface Asked {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

interface Addresses {
  ip?: string | undefined;
  ip6?: string | undefined;
  "link-local-ip"?: readonly string[];
}

/** The API's EndpointIPAMConfig. */
export const ipamConfig = ({ ip, ip6, "link-local-ip": local = [] }: Readonly<Addresses>) => ({
  ...(ip === undefined ? {} : { IPv4Address: ip }),
  ...(ip6 === undefined ? {} : { IPv6Address: ip6 }),
  ...(local.length === 0 ? {} : { LinkLocalIPs: local }),
});

type NetworkValues = Pick<
  CreateValues,
  "network" | "net" | "ip" | "ip6" | "link-local-ip" | "network-alias" | "mac-address"
>;

const oneAsked = (text: string): Asked => (text.includes("=") ? long(text) : { name: text, settings: {} });

const asked = (options: NetworkValues): readonly Asked[] =>
  [...options.network, ...options.net].map(oneAsked);

function long(text: string): Asked {
  let name = "";
  const aliases: string[] = [];
  const addresses: Addresses = {};
  const driver: string[] = [];
  const settings: Record<string, unknown> = {};
  const readers: Readonly<Record<string, (value: string) => void>> = {
    name: (value) => {
      name = value;
    },
    alias: (value) => void aliases.push(value),
    ip: (value) => {
      addresses.ip = value;
    },
    ip6: (value) => {
      addresses.ip6 = value;
    },
    "link-local-ip": (value) => {
      addresses["link-local-ip"] = [...(addresses["link-local-ip"] ?? []), value];
    },
    "driver-opt": (value) => void driver.push(value),
    "mac-address": (value) => {
      settings["MacAddress"] = value;
    },
    "gw-priority": (value) => {
      settings["GwPriority"] = Number(value);
    },
  };
  for (const part of text.split(",")) {
    const [key = "", value = ""] = part.split(/=(.*)/s);
    const read = readers[key.trim()];
    if (read === undefined || value === "")
      throw new UsageError(
        `cannot use "${text}" for --network: "${part}" is none of ${Object.keys(readers).join(", ")}`,
      );
    read(value);
  }
  if (name === "") throw new UsageError(`cannot use "${text}" for --network: it has no name`);
  return {
    name,
    settings: {
      ...settings,
      ...(aliases.length > 0 ? { Aliases: aliases } : {}),
      ...(driver.length > 0 ? { DriverOpts: pairs(driver) } : {}),
      ...(Object.keys(addresses).length > 0 ? { IPAMConfig: ipamConfig(addresses) } : {}),
    },
  };
}

/** The first network is the one that the container's mode names. */
export const networkMode = (options: NetworkValues): string | undefined => asked(options)[0]?.name;

/** NetworkingConfig: where nothing is said but the first network's name, there is none. */
export function networking(options: NetworkValues): unknown {
  const all = endpoints(options);
  const [first, ...others] = Object.values(all);
  if (others.length === 0 && Object.keys(first ?? {}).length === 0) return undefined;
  return { EndpointsConfig: all };
}

/** By network; `--ip`, `--ip6`, `--mac-address` and `--network-alias` are about the first one. */
function endpoints(options: NetworkValues): Record<string, Asked["settings"]> {
  const [first = { name: "default", settings: {} }, ...others] = asked(options);
  const addresses = ipamConfig(options);
  const own = {
    ...first.settings,
    ...(options["network-alias"].length > 0 ? { Aliases: options["network-alias"] } : {}),
    ...(Object.keys(addresses).length > 0 ? { IPAMConfig: addresses } : {}),
    ...(options["mac-address"] === undefined ? {} : { MacAddress: options["mac-address"] }),
  };
  return byName([{ ...first, settings: own }, ...others]);
}

/** Networks in their long form alone, by name. */
export const namedNetworks = (texts: readonly string[]): Record<string, Asked["settings"]> =>
  byName(texts.map(oneAsked));

function byName(networks: readonly Asked[]): Record<string, Asked["settings"]> {
  const found: Record<string, Asked["settings"]> = {};
  for (const { name, settings } of networks) {
    if (Object.hasOwn(found, name)) throw new UsageError(`network "${name}" is specified multiple times`);
    found[name] = settings;
  }
  return found;
}
