import { ipv4Bytes } from "../../kernel/netlink/address.ts";
import type { BridgeNetwork } from "../attachment.ts";
import { bridgesAreFiltered } from "../bridge.ts";
import { nameBytes, PASSED } from "../firewall.ts";
import { uplinks } from "../uplinks.ts";

/** A forwarded packet as far as rules can be expected to ask; null: any. */
export interface Packet {
  readonly family: "ip" | "ip6";
  /** Interfaces' names, as the kernel has them: 16 bytes. */
  readonly in: Uint8Array;
  readonly out: Uint8Array;
  /** NF_CT_STATE_BIT: 2 established, 8 new. */
  readonly state: number;
  /** IPS_*: 32 is a translated destination. */
  readonly status: number;
  readonly mark: number;
  readonly source: Uint8Array | null;
  readonly destination: Uint8Array | null;
}

const ESTABLISHED = 2;
const NEW = 8;
const DESTINATION_TRANSLATED = 32;

/** What of a network rules can ask for. */
export type Way = Pick<BridgeNetwork, "name" | "interface" | "gateway" | "internal">;

/** What a network needs to have forwarded, in words for people, after our own table has let it pass. */
export function packetsOf(network: Way): ReadonlyMap<string, Packet> {
  const bridge = nameBytes(network.interface);
  const inside = ipv4Bytes(network.gateway);
  const [uplink = ""] = uplinks();
  const outside = nameBytes(uplink);
  const common = { family: "ip", mark: PASSED, status: 0, source: null, destination: null } as const;
  const sent = { ...common, in: bridge, out: outside, state: NEW, source: inside };
  const coming = { ...common, in: outside, out: bridge, destination: inside };
  // Where br_netfilter is on (Docker needs it), frames that stay on a bridge are judged as well.
  const within = bridgesAreFiltered() ? { ...sent, out: bridge, destination: inside } : undefined;
  const staying = within === undefined ? [] : [["what containers send each other", within] as const];
  if (network.internal) return new Map<string, Packet>(staying);
  return new Map<string, Packet>([
    ...staying,
    // Without a default route there is no world to send to.
    ...(uplink === "" ? [] : [["what containers send", sent] as const]),
    ["what comes to published ports", { ...coming, state: NEW, status: DESTINATION_TRANSLATED }],
    ["the answers to containers", { ...coming, state: ESTABLISHED }],
  ]);
}
