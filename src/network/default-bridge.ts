import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatSubnet, parseSubnet, type Subnet } from "../kernel/netlink/address.ts";
import { gatewayOf } from "./addresses.ts";
import type { AttachmentRecord, BridgeNetwork } from "./attachment.ts";
import {
  enableForwarding,
  enableLoopbackPublishing,
  makeBridgeInterface,
  removeBridge,
  replaceTable,
  stands,
  sweepPorts,
} from "./bridge.ts";
import { nameServers } from "./container-files.ts";
import type { NetworkIdentity } from "./identity.ts";
import type { Executor } from "./lasting-executor.ts";
import { chooseSubnet, hostRoutes } from "./subnet.ts";

/** The default network as it stands in the kernel. */
export interface Standing {
  readonly network: BridgeNetwork;
  /** The bridge's interface index. */
  readonly bridge: number;
}

/** Makes the default bridge and its table, and makes them again when somebody removed them. */
export interface DefaultBridge {
  ensure(): Promise<Standing>;
  /** Undoes what ensure() made, if it did; the next ensure() makes it anew, with the same addresses. */
  remove(): Promise<void>;
}

export interface DefaultBridgeOptions {
  readonly root: string;
  readonly identity: NetworkIdentity;
  readonly executor: Executor;
  readonly tell: (message: string) => void;
  /** The containers that run or start, whose ports and interfaces belong to it. */
  readonly running: () => readonly AttachmentRecord[];
}

export function defaultBridge(options: DefaultBridgeOptions): DefaultBridge {
  let standing: Promise<Standing> | undefined;
  const begin = () =>
    setUp(options).catch((error: unknown) => {
      standing = undefined;
      throw error;
    });
  return {
    async ensure() {
      const before = standing;
      if (before !== undefined) {
        const { network, bridge } = await before;
        const still = await stands(options.executor, network, bridge);
        // Whoever asked at the same time may have begun to mend it already.
        if (!still && standing === before) standing = undefined;
      }
      standing ??= begin();
      return standing;
    },
    async remove() {
      const before = await standing?.catch(() => undefined);
      standing = undefined;
      if (before !== undefined) await removeBridge(options.executor, before.network);
    },
  };
}

async function setUp({ root, identity, executor, tell, running }: DefaultBridgeOptions): Promise<Standing> {
  const subnet = subnetOf(root, identity);
  const network: BridgeNetwork = {
    interface: identity.interface,
    table: identity.table,
    subnet: formatSubnet(subnet),
    gateway: gatewayOf(subnet),
  };
  const bridge = await makeBridgeInterface(executor, network, identity.index);
  const attachments = running();
  await replaceTable(executor, network, attachments);
  await sweepPorts(executor, network, bridge, attachments);
  if (attachments.some((attachment) => attachment.ports.length > 0))
    enableLoopbackPublishing(network.interface);
  if (enableForwarding())
    tell("net.ipv4.ip_forward was 0; it is now 1, since containers reach the world through the host");
  return { network, bridge };
}

/** The subnet is chosen once for a data root and kept: containers' addresses are recorded. */
function subnetOf(root: string, identity: NetworkIdentity): Subnet {
  const path = join(root, "network.json");
  if (existsSync(path))
    return parseSubnet((JSON.parse(readFileSync(path, "utf8")) as { subnet: string }).subnet);
  const subnet = chooseSubnet(identity.subnets, {
    bridge: identity.interface,
    routes: hostRoutes(),
    nameServers: nameServers(),
  });
  writeFileSync(`${path}.new`, JSON.stringify({ subnet: formatSubnet(subnet) }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return subnet;
}
