import { isIPv4, isIPv6 } from "node:net";
import { modeNetwork, plainEndpoint } from "../../engine/networks/endpoints.ts";
import type { EndpointOption, NetworkMode } from "../../engine/options.ts";
import { type Asked, integer, invalid, keys, object, textOrNull, texts } from "../asked.ts";
import { links } from "./links.ts";

/** Docker's NetworkingConfig: how a container is in each of its networks. */
export function endpoints(body: Asked, mode: NetworkMode): readonly EndpointOption[] {
  const main = modeNetwork(mode);
  if (main === null) return [];
  const asked = object(object(body, "NetworkingConfig"), "EndpointsConfig");
  const found = Object.keys(asked.fields).map((name) => ({
    network: name === "default" ? "bridge" : name,
    ...endpoint(object(asked, name)),
  }));
  // Docker's command line names the default network with nothing to say of it.
  const isPlain = (one: EndpointOption) =>
    one.addresses.length + one.aliases.length + one.links.length === 0 &&
    one.mac === null &&
    one.gatewayPriority === 0;
  const special = found.filter((one) => one.network !== main || !isPlain(one));
  // Before v1.44 a container had one hardware address.
  const mac = hardwareAddress(body, "MacAddress");
  if (mac === null) return special;
  const own = special.find(({ network }) => network === main);
  return [...special.filter((one) => one !== own), { ...(own ?? plainEndpoint(main)), mac: own?.mac ?? mac }];
}

/** Docker's EndpointSettings. */
export function endpoint(asked: Asked): Omit<EndpointOption, "network"> {
  const addresses = object(asked, "IPAMConfig");
  if (texts(addresses, "LinkLocalIPs").length > 0)
    throw invalid(`${addresses.at}LinkLocalIPs`, "they are not supported");
  const [driverOption] = keys(asked, "DriverOpts");
  if (driverOption !== undefined)
    throw invalid(`${asked.at}DriverOpts`, `the option ${driverOption} of a connection is not known`);
  return {
    addresses: [...address(addresses, "IPv4", isIPv4), ...address(addresses, "IPv6", isIPv6)],
    mac: hardwareAddress(asked, "MacAddress"),
    aliases: [...new Set(texts(asked, "Aliases").map((alias) => checkedAlias(asked, alias)))],
    links: links(asked),
    gatewayPriority: integer(asked, "GwPriority"),
  };
}

function address(from: Asked, family: string, isOne: (text: string) => boolean): string[] {
  const value = textOrNull(from, `${family}Address`);
  if (value === null) return [];
  if (isOne(value) && !value.includes("%")) return [value];
  throw invalid(`${from.at}${family}Address`, `"${value}" is not an ${family} address`);
}

function hardwareAddress(from: Asked, name: string): string | null {
  const value = textOrNull(from, name);
  if (value === null) return null;
  if (/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(value)) return value.toLowerCase().replaceAll("-", ":");
  throw invalid(from.at + name, `"${value}" is not a hardware address such as 02:42:ac:11:00:02`);
}

/** RFC 1035: a name in a query has at most 255 bytes; blanks would split it in files. */
function checkedAlias(from: Asked, alias: string): string {
  if (/^[^\s#]{1,255}$/.test(alias)) return alias;
  throw invalid(`${from.at}Aliases`, `"${alias}" is not a name`);
}
