import type { ContainerRecord, Endpoint } from "./record.ts";
import type { Setting } from "./settings.ts";

/** The first network by its mode and options of their own, further ones in the long form. */
export function networkSettings({ State, HostConfig: host, NetworkSettings }: ContainerRecord): Setting[] {
  const mode = host.NetworkMode === "default" ? "bridge" : (host.NetworkMode ?? "bridge");
  const all = NetworkSettings.Networks ?? {};
  const others = Object.entries(all).filter(([name]) => name !== mode);
  const own = all[mode] ?? {};
  // While it runs one cannot tell whether somebody asked for its hardware address.
  const mac = State.Running ? "" : (own.MacAddress ?? "");
  const asked = [
    ...(own.Aliases ?? []).map((alias): Setting => ["network-alias", alias]),
    ...said("ip", own.IPAMConfig?.IPv4Address),
    ...said("ip6", own.IPAMConfig?.IPv6Address),
    ...said("mac-address", mac),
  ];
  const { In = 0, Out = 0 } = host.NetworkBandwidth ?? {};
  const rates = [In > 0 ? `in=${In}bit` : "", Out > 0 ? `out=${Out}bit` : ""].filter(Boolean);
  const priority = own.GwPriority ?? 0;
  const first: Setting[] =
    priority !== 0
      ? [["network", long(mode, { GwPriority: priority })]]
      : mode === "bridge" && others.length === 0
        ? []
        : [["network", mode]];
  return [
    ...first,
    ...others.map(([name, endpoint]): Setting => ["network", long(name, endpoint)]),
    ...asked,
    ...said("network-bandwidth", rates.join(",")),
    ...(host.Links ?? []).map((link): Setting => ["link", linkText(link)]),
    ...(host.ExtraHosts ?? []).map((entry): Setting => ["add-host", entry]),
    ...(host.Dns ?? []).map((entry): Setting => ["dns", entry]),
    ...(host.DnsSearch ?? []).map((entry): Setting => ["dns-search", entry]),
    ...(host.DnsOptions ?? []).map((entry): Setting => ["dns-option", entry]),
  ];
}

/** `/db:/web/alias`, as records have it. */
const linkText = (link: string): string => link.replace(/^\/?([^:]+):.*\/([^/]+)$/, "$1:$2");

const said = (name: Setting[0], value: string | undefined): Setting[] =>
  value === undefined || value === "" ? [] : [[name, value]];

function long(name: string, { Aliases, IPAMConfig, GwPriority = 0 }: Endpoint): string {
  const more = [
    ...(Aliases ?? []).map((alias) => `alias=${alias}`),
    ...(IPAMConfig?.IPv4Address ? [`ip=${IPAMConfig.IPv4Address}`] : []),
    ...(IPAMConfig?.IPv6Address ? [`ip6=${IPAMConfig.IPv6Address}`] : []),
    ...(GwPriority === 0 ? [] : [`gw-priority=${GwPriority}`]),
  ];
  return more.length === 0 ? name : [`name=${name}`, ...more].join(",");
}
