import { isIPv4 } from "node:net";
import { modeNetwork, plainEndpoint } from "../../engine/networks/endpoints.ts";
import type { EndpointOption, NetworkMode } from "../../engine/options.ts";
import { type Asked, integer, invalid, object, text, textOrNull, texts } from "../asked.ts";

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
    one.address === null && one.mac === null && one.aliases.length === 0 && one.gatewayPriority === 0;
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
  if (text(addresses, "IPv6Address") !== "")
    throw invalid(`${addresses.at}IPv6Address`, "networks have no IPv6 yet");
  if (texts(addresses, "LinkLocalIPs").length > 0)
    throw invalid(`${addresses.at}LinkLocalIPs`, "they are not supported");
  if (texts(asked, "Links").length > 0) throw invalid(`${asked.at}Links`, "they are not supported");
  const address = textOrNull(addresses, "IPv4Address");
  if (address !== null && !isIPv4(address))
    throw invalid(`${addresses.at}IPv4Address`, `"${address}" is not an IPv4 address`);
  return {
    address,
    mac: hardwareAddress(asked, "MacAddress"),
    aliases: [...new Set(texts(asked, "Aliases").map((alias) => checkedAlias(asked, alias)))],
    gatewayPriority: integer(asked, "GwPriority"),
  };
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
