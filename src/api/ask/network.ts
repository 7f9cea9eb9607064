import type { BlockOption, NetworkOptions } from "../../engine/engine.ts";
import { type Family, families, familyOf } from "../../oci/address.ts";
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
  const blocks = objects(ipam, "Config").flatMap(block);
  return {
    name: text(body, "Name"),
    driver: text(body, "Driver") || "bridge",
    blocks: families.flatMap((family) => blocksOf(body, blocks, family)),
    internal: flag(body, "Internal"),
    attachable: flag(body, "Attachable"),
    labels: textRecord(body, "Labels"),
    options: textRecord(body, "Options"),
  };
}

/** One of IPAM's Config; one that says nothing is none. */
function block(pool: Asked): BlockOption[] {
  const subnet = textOrNull(pool, "Subnet");
  if (subnet === null)
    for (const name of ["Gateway", "IPRange"])
      if (textOrNull(pool, name) !== null) throw invalid(pool.at + name, "it needs a Subnet beside it");
  const block = {
    ...{ subnet, gateway: textOrNull(pool, "Gateway"), range: textOrNull(pool, "IPRange") },
    auxiliary: textRecord(pool, "AuxiliaryAddresses"),
  };
  return subnet === null ? [] : [{ ...block, family: familyOf(subnet) }];
}

/** What a network has of one family: IPv4 unless it is told not to, IPv6 where it is told to, or gets a subnet of it. */
function blocksOf(body: Asked, asked: readonly BlockOption[], family: Family): BlockOption[] {
  const own = asked.filter((one) => one.family === family);
  const said = flagOrNull(body, `EnableIPv${family}`);
  if (own[0] !== undefined && said === false)
    throw invalid(`EnableIPv${family}`, `it is false, and the subnet ${own[0].subnet} is of IPv${family}`);
  if (own.length > 0) return own;
  return (said ?? family === 4) ? [{ family, subnet: null, gateway: null, range: null, auxiliary: {} }] : [];
}

function refuseUnsupported(body: Asked): void {
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
