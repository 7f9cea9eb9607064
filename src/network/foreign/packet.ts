import { ipv4Bytes } from "../../kernel/netlink/address.ts";
import type { BridgeNetwork } from "../attachment.ts";
import { PASSED } from "../firewall.ts";
import { uplinks } from "../uplinks.ts";

/** A forwarded packet as far as rules can be expected to ask; null: any. */
export interface Packet {
  readonly family: "ip" | "ip6";
  readonly in: string;
  readonly out: string;
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
  if (network.internal) return new Map();
  const bridge = network.interface;
  const inside = ipv4Bytes(network.gateway);
  const [outside = ""] = uplinks();
  const common = { family: "ip", mark: PASSED, status: 0, source: null, destination: null } as const;
  const sent = { ...common, in: bridge, out: outside, state: NEW, source: inside };
  const coming = { ...common, in: outside, out: bridge, destination: inside };
  return new Map<string, Packet>([
    // Without a default route there is no world to send to.
    ...(outside === "" ? [] : [["what its containers send", sent] as const]),
    ["what comes to published ports", { ...coming, state: NEW, status: DESTINATION_TRANSLATED }],
    ["the answers to its containers", { ...coming, state: ESTABLISHED }],
  ]);
}
