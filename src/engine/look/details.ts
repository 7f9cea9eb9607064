import { join } from "node:path";
import { type Core, folderOf } from "../core.ts";
import type { ContainerDetails, NetworkDetails } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { logPath } from "../life/request.ts";

/** One container as of this moment. */
export function details(core: Core, entry: Entry): ContainerDetails {
  const { origin, fortune, id, name } = entry;
  const folder = folderOf(core, id);
  return {
    id,
    name,
    created: origin.created,
    imageId: origin.imageId,
    options: origin.options,
    arguments: origin.arguments,
    state: fortune.state,
    startedAt: fortune.startedAt,
    restartCount: fortune.restartCount,
    mounts: origin.mounts,
    network: networkOf(entry),
    execIds: [...entry.execs.keys()],
    paths: {
      folder,
      log: logPath(folder),
      hostname: join(folder, "hostname"),
      hosts: join(folder, "hosts"),
      resolvConf: join(folder, "resolv.conf"),
    },
  };
}

function networkOf(entry: Entry): NetworkDetails | null {
  const { network } = entry.fortune;
  if (network === null) return null;
  const { address, prefix, gateway, mac, ports } = network;
  return { name: network.network, address, prefix, gateway, mac, ports };
}
