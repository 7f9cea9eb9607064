import { empty, json } from "./answer.ts";
import { endpoint } from "./ask/endpoints.ts";
import { askedNetwork } from "./ask/network.ts";
import { object, text } from "./asked.ts";
import { body } from "./body.ts";
import { type Exchange, parameter, type Route } from "./exchange.ts";
import { filters, flag } from "./query.ts";
import { refuse } from "./status.ts";
import { networkRecord } from "./tell/network-record.ts";

export const networkRoutes: readonly Route[] = [
  { method: "GET", pattern: "/networks", handle: list },
  { method: "POST", pattern: "/networks/create", handle: create },
  { method: "POST", pattern: "/networks/prune", handle: prune },
  { method: "GET", pattern: "/networks/{id}", handle: inspect },
  { method: "DELETE", pattern: "/networks/{id}", handle: remove },
  { method: "POST", pattern: "/networks/{id}/connect", handle: connect },
  { method: "POST", pattern: "/networks/{id}/disconnect", handle: disconnect },
];

async function list(x: Exchange): Promise<void> {
  const found = await x.engine.networks.list(filters(x.query));
  json(
    x,
    200,
    found.map((network) => networkRecord(x.engine, network, false)),
  );
}

async function create(x: Exchange): Promise<void> {
  const { id, warnings } = await x.engine.networks.create(askedNetwork(await body(x.request)));
  json(x, 201, { Id: id, Warning: warnings.join("\n") });
}

async function inspect(x: Exchange): Promise<void> {
  const scope = x.query.get("scope") ?? "";
  const network = await x.engine.networks.get(parameter(x, "id"));
  if (scope !== "" && scope !== "local")
    throw refuse(404, `cannot find the network "${network.name}"`, `network ${network.name} not found`);
  json(x, 200, networkRecord(x.engine, network, true));
}

async function remove(x: Exchange): Promise<void> {
  await x.engine.networks.remove(parameter(x, "id"));
  empty(x, 204);
}

async function prune(x: Exchange): Promise<void> {
  const removed = await x.engine.networks.prune({
    filters: filters(x.query),
    dryRun: flag(x.query, "dry-run"),
  });
  json(x, 200, { NetworksDeleted: removed });
}

async function connect(x: Exchange): Promise<void> {
  const asked = await body(x.request);
  const config = object(asked, "EndpointConfig");
  const settings = endpoint(config);
  await x.engine.networks.connect(parameter(x, "id"), text(asked, "Container"), settings);
  empty(x, 200);
}

/** `Force` is for endpoints whose container is lost: ours are derived from the containers, so none is. */
async function disconnect(x: Exchange): Promise<void> {
  const asked = await body(x.request);
  await x.engine.networks.disconnect(parameter(x, "id"), text(asked, "Container"));
  empty(x, 200);
}
