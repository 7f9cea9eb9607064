import { randomBytes } from "node:crypto";
import { driverOptions } from "../../network/network.ts";
import { InroError } from "../../oci/error.ts";
import { Undo } from "../../oci/undo.ts";
import { timeNow } from "../clock.ts";
import type { Core } from "../core.ts";
import type { NetworkDetails, NetworkOptions } from "../engine.ts";

/** Its record is written before anything is made: what a crash leaves is a network that the next engine completes. */
export async function create(core: Core, asked: NetworkOptions) {
  // One of this name, or with these addresses, may be on its way out.
  await core.networkShelf.left();
  checkName(core, asked);
  checkDriver(asked);
  const id = randomBytes(32).toString("hex");
  await using undo = new Undo();
  const settled = core.networks.reserve({
    ...driverOptions(asked.driver, { ...asked, id }),
    name: asked.name,
    blocks: asked.blocks.map(({ auxiliary, ...block }) => ({ ...block, reserved: Object.values(auxiliary) })),
  });
  undo.add("forget the network", () => core.networks.forget(settled));
  const { attachable, labels, options } = asked;
  const auxiliary = asked.blocks.map((block) => block.auxiliary);
  const network: NetworkDetails = {
    ...{ id, name: asked.name, driver: settled.driver, settled, created: timeNow(), predefined: false },
    ...{ auxiliary, attachable, labels, options },
  };
  await core.networks.checkFresh(settled);
  core.records.addNetwork(network);
  undo.add("remove the network's record", () => core.records.removeNetwork(id));
  core.networkShelf.put(network);
  undo.add("take the network off the shelf", () => core.networkShelf.remove(network));
  undo.add("remove what its driver made", () => core.networks.remove(settled));
  await core.networks.make(settled, { fresh: true });
  undo.release();
  const attributes = { name: network.name, type: network.driver };
  core.news.tell({ type: "network", action: "create", id, attributes });
  return { id, warnings: await core.networks.foreignWarnings([network.name]) };
}

/** dockerd (daemon/network.go, runconfig): a name, and none that says something else already. */
function checkName(core: Core, { name }: NetworkOptions): void {
  const refuse = (code: string, why: string) =>
    new InroError(code, { what: `cannot make the network "${name}"`, why });
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw refuse(
      "INVALID_OPTION",
      "a name begins with a letter or a digit and goes on with these, underscores, dots and hyphens",
    );
  if (core.networkShelf.byName(name)?.predefined === true || name === "default" || name === "container")
    throw refuse("NETWORK_PREDEFINED", `operation is not permitted on predefined ${name} network`);
  if (core.networkShelf.byName(name) !== undefined)
    throw refuse("NETWORK_EXISTS", `network with name ${name} already exists`);
}

function checkDriver({ name, driver }: NetworkOptions): void {
  if (driver !== "host" && driver !== "null") return;
  throw new InroError("NETWORK_PREDEFINED", {
    what: `cannot make the network "${name}"`,
    why: `only one instance of "${driver}" network is allowed`,
    at: "--driver",
  });
}
