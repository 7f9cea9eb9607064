import type { ContainerDetails, Engine } from "../engine/engine.ts";
import { isLive, NEVER } from "../engine/state.ts";
import type { BridgeNetwork } from "../network/network.ts";
import { InroError } from "../oci/error.ts";
import { json } from "./answer.ts";
import { type Exchange, parameter, type Route } from "./exchange.ts";
import { filters } from "./query.ts";
import { refuse } from "./status.ts";
import { endpointId, networkId, networkName } from "./tell/network.ts";

/** The three networks that every engine has. */
export const networkRoutes: readonly Route[] = [
  { method: "GET", pattern: "/networks", handle: list },
  { method: "POST", pattern: "/networks/create", handle: unsupported },
  { method: "POST", pattern: "/networks/prune", handle: (x) => json(x, 200, { NetworksDeleted: null }) },
  { method: "GET", pattern: "/networks/{id}", handle: inspect },
  { method: "DELETE", pattern: "/networks/{id}", handle: remove },
  { method: "POST", pattern: "/networks/{id}/connect", handle: unsupported },
  { method: "POST", pattern: "/networks/{id}/disconnect", handle: unsupported },
];

const names = ["bridge", "host", "none"] as const;
type Name = (typeof names)[number];

const drivers: Readonly<Record<Name, string>> = { bridge: "bridge", host: "host", none: "null" };

async function record(engine: Engine, name: Name, containers: readonly ContainerDetails[]) {
  const bridge = name === "bridge" ? await engine.defaultNetwork() : null;
  return {
    Name: name,
    Id: networkId(name),
    Created: NEVER,
    Scope: "local",
    Driver: drivers[name],
    EnableIPv4: name === "bridge",
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: bridge === null ? null : [pool(bridge)] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(containers.map((container) => [container.id, member(container)])),
    Options: bridge === null ? {} : bridgeOptions(bridge.interface),
    Labels: {},
  };
}

const pool = (bridge: BridgeNetwork) => ({ Subnet: bridge.subnet, Gateway: bridge.gateway });

const bridgeOptions = (bridge: string) => ({
  "com.docker.network.bridge.default_bridge": "true",
  "com.docker.network.bridge.name": bridge,
});

function member(container: ContainerDetails) {
  const { network } = container;
  const hasAddress = network !== null && network.address !== "";
  return {
    Name: container.name,
    EndpointID: endpointId(container),
    MacAddress: network?.mac ?? "",
    IPv4Address: hasAddress ? `${network.address}/${network.prefix}` : "",
    IPv6Address: "",
  };
}

async function list(x: Exchange): Promise<void> {
  const { name, id, driver, type, dangling, scope } = filters(x.query);
  const found = names.filter(
    (one) =>
      (name === undefined || name.some((text) => one.includes(text))) &&
      (id === undefined || id.some((text) => networkId(one).startsWith(text))) &&
      (driver === undefined || driver.includes(drivers[one])) &&
      (type === undefined || type.includes("builtin")) &&
      (scope === undefined || scope.includes("local")) &&
      !dangling?.some((text) => ["true", "1"].includes(text)),
  );
  json(x, 200, await Promise.all(found.map((one) => record(x.engine, one, []))));
}

function named(x: Exchange): Name {
  const asked = parameter(x, "id");
  const found = names.find(
    (name) => name === asked || (asked.length >= 3 && networkId(name).startsWith(asked)),
  );
  if (found !== undefined) return found;
  throw new InroError("NO_SUCH_NETWORK", {
    what: `cannot find the network "${asked}"`,
    why: `network ${asked} not found`,
    hint: "there are bridge, host and none",
  });
}

async function inspect(x: Exchange): Promise<void> {
  const name = named(x);
  const all = x.engine.containers.list({ all: false, limit: 0, filters: {} });
  const members = all.filter((one) => isLive(one.state) && networkName(one) === name);
  json(x, 200, await record(x.engine, name, members));
}

function remove(x: Exchange): void {
  throw new InroError("HTTP_403", {
    what: `cannot remove the network "${named(x)}"`,
    why: `${named(x)} is a pre-defined network and cannot be removed`,
  });
}

function unsupported(): void {
  throw refuse(501, "cannot change networks", "networks beside bridge, host and none are not supported yet");
}
