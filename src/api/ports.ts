import { json } from "./answer.ts";
import { ports } from "./ask/ports.ts";
import { body } from "./body.ts";
import { type Exchange, parameter, type Route } from "./exchange.ts";
import { portMap } from "./tell/network.ts";

/** Beyond Docker: what a container publishes can be changed while it runs. */
export const portRoutes: readonly Route[] = [
  { method: "POST", pattern: "/inro/containers/{id}/ports", handle: change },
];

async function change(x: Exchange): Promise<void> {
  const { containers } = x.engine;
  const { id } = containers.get(parameter(x, "id"));
  const asked = await body(x.request);
  const [gone, more] = [ports(asked, "Withdraw"), ports(asked, "Publish")];
  if (gone.length > 0) await containers.withdraw(id, gone);
  const warnings = more.length > 0 ? await containers.publish(id, more) : [];
  json(x, 200, { Ports: portMap(containers.get(id)), Warnings: warnings });
}
