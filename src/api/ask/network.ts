import type { NetworkOptions } from "../../engine/engine.ts";
import {
  type Asked,
  flag,
  flagOrNull,
  invalid,
  object,
  objects,
  text,
  textOrNull,
  textRecord,
} from "../asked.ts";

/** The body of POST /networks/create. INVALID_OPTION names the field. */
export function askedNetwork(body: Asked): NetworkOptions {
  refuseUnsupported(body);
  const ipam = object(body, "IPAM");
  const [pool, ...more] = objects(ipam, "Config");
  if (more.length > 0) throw invalid(`${ipam.at}Config`, "a network has one IPv4 subnet");
  const of = (name: string) => (pool === undefined ? null : textOrNull(pool, name));
  const subnet = of("Subnet");
  for (const name of ["Gateway", "IPRange"])
    if (subnet === null && of(name) !== null)
      throw invalid(`${ipam.at}Config[0].${name}`, "it needs a Subnet beside it");
  return {
    name: text(body, "Name"),
    driver: text(body, "Driver") || "bridge",
    subnet,
    gateway: of("Gateway"),
    range: of("IPRange"),
    auxiliary: pool === undefined ? {} : textRecord(pool, "AuxiliaryAddresses"),
    internal: flag(body, "Internal"),
    attachable: flag(body, "Attachable"),
    labels: textRecord(body, "Labels"),
    options: textRecord(body, "Options"),
  };
}

function refuseUnsupported(body: Asked): void {
  if (flag(body, "EnableIPv6")) throw invalid("EnableIPv6", "networks have no IPv6 yet");
  if (flagOrNull(body, "EnableIPv4") === false) throw invalid("EnableIPv4", "networks have no IPv6 yet");
  if (flag(body, "Ingress")) throw invalid("Ingress", "it is a swarm's");
  if (flag(body, "ConfigOnly") || text(object(body, "ConfigFrom"), "Network") !== "")
    throw invalid("ConfigOnly", "it is a swarm's");
  if (!["", "local"].includes(text(body, "Scope"))) throw invalid("Scope", "there is only local");
  const ipam = object(body, "IPAM");
  const driver = text(ipam, "Driver");
  if (!["", "default"].includes(driver))
    throw invalid("IPAM.Driver", `there is only default, not "${driver}"`);
  if (Object.keys(textRecord(ipam, "Options")).length > 0)
    throw invalid("IPAM.Options", "the driver default has none");
}
