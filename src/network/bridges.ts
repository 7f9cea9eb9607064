import type { AttachmentRecord, BridgeNetwork } from "./attachment.ts";
import {
  enableLoopbackPublishing,
  enlist,
  look,
  makeBridgeInterface,
  putUplinks,
  removeBridge,
  removeTable,
  replaceTable,
  sweepPorts,
} from "./bridge.ts";
import { enableForwarding } from "./forwarding.ts";
import type { NetworkIdentity } from "./identity.ts";
import type { Executor } from "./lasting-executor.ts";
import { uplinks } from "./uplinks.ts";

/** The engine's bridges and its one table: made at need, and made again when somebody removed them. */
export interface Bridges {
  /** Answers the bridge's interface index. Cheap when all is there. NETWORK_SETUP_FAILED. */
  ensure(network: BridgeNetwork): Promise<number>;
  /** Of a network that no container is on. */
  remove(network: BridgeNetwork): Promise<void>;
  /** Undoes all that ensure() made; the next ensure() makes it anew. */
  removeAll(): Promise<void>;
}

export interface BridgesOptions {
  readonly identity: NetworkIdentity;
  readonly executor: Executor;
  readonly tell: (message: string) => void;
  /** Connections of the containers that run or start. */
  readonly running: () => readonly AttachmentRecord[];
}

interface Made {
  readonly network: BridgeNetwork;
  readonly index: Promise<number>;
}

export function bridges(options: BridgesOptions): Bridges {
  const { identity, executor, running } = options;
  const made = new Map<string, Made>();
  let table: Promise<void> | undefined;
  let leading: readonly string[] = [];

  /** Forgets what is not there any more. Whoever asked at the same time may have begun to mend it already. */
  const forgetMissing = async (before: Made, tableBefore: Promise<void> | undefined) => {
    const index = await before.index;
    const found = await look(executor, identity.table, before.network.interface, index);
    if (!found.bridge && made.get(before.network.interface) === before) made.delete(before.network.interface);
    if (!found.table && table === tableBefore) table = undefined;
  };
  const makeTable = async () => {
    try {
      const networks = [...made.values()].map(({ network }) => network);
      leading = uplinks();
      await replaceTable(executor, identity.table, networks, leading, running());
    } catch (error) {
      table = undefined;
      throw error;
    }
  };
  /** The default route may come later than we do, and go elsewhere. */
  const follow = async () => {
    const now = uplinks();
    if (now.join() === leading.join()) return;
    leading = now;
    await putUplinks(executor, identity.table, now);
  };
  const make = (network: BridgeNetwork): Made => {
    const index = setUp(options, network).catch((error: unknown) => {
      made.delete(network.interface);
      throw error;
    });
    return { network, index };
  };
  return {
    async ensure(network) {
      const before = made.get(network.interface);
      if (before !== undefined) await forgetMissing(before, table);
      table ??= makeTable();
      await table;
      await follow();
      const standing = made.get(network.interface) ?? make(network);
      made.set(network.interface, standing);
      return standing.index;
    },
    async remove(network) {
      made.delete(network.interface);
      await removeBridge(executor, identity.table, network);
    },
    async removeAll() {
      for (const { network } of made.values()) await removeBridge(executor, identity.table, network);
      if (table !== undefined) await removeTable(executor, identity.table);
      made.clear();
      table = undefined;
    },
  };
}

async function setUp(
  { executor, identity, running, tell }: BridgesOptions,
  network: BridgeNetwork,
): Promise<number> {
  // The default bridge's index is known without asking; others get the kernel's next.
  const wanted = network.interface === identity.interface ? identity.index : 0;
  const bridge = await makeBridgeInterface(executor, network, wanted);
  const attachments = running().filter((attachment) => attachment.network === network.name);
  await enlist(executor, identity.table, network);
  await sweepPorts(executor, network, bridge, attachments);
  if (attachments.some((attachment) => attachment.ports.length > 0))
    enableLoopbackPublishing(network.interface);
  for (const told of await enableForwarding(executor, network)) tell(told);
  return bridge;
}
