import { nameBytes, STATE, STATUS } from "../../kernel/nftables/values.ts";
import { addressBytes, parseSubnet } from "../../oci/address.ts";
import type { Block, BridgeNetwork } from "../attachment.ts";
import { bridgesAreFiltered } from "../bridge.ts";
import { PASSED } from "../rules.ts";
import { uplinks } from "../uplinks.ts";

/** A forwarded packet as far as rules can be expected to ask; null: any. */
export interface Packet {
  readonly family: "ip" | "ip6";
  /** Interfaces' names, as the kernel has them: 16 bytes. */
  readonly in: Uint8Array;
  readonly out: Uint8Array;
  /** Of STATE. */
  readonly state: number;
  /** Of STATUS. */
  readonly status: number;
  readonly mark: number;
  readonly source: Uint8Array | null;
  readonly destination: Uint8Array | null;
}

/** What of a network rules can ask for. */
export type Way = Pick<BridgeNetwork, "name" | "interface" | "blocks" | "internal">;

/** What a network needs to have forwarded, in words for people, after our own table has let it pass. */
export function packetsOf({ internal, interface: bridge, blocks }: Way): (readonly [string, Packet])[] {
  return blocks.flatMap((block) => packetsIn(block, nameBytes(bridge), internal));
}

function packetsIn({ subnet, gateway }: Block, bridge: Uint8Array, internal: boolean) {
  const inside = addressBytes(gateway);
  const { family } = parseSubnet(subnet);
  const [uplink = ""] = uplinks();
  const outside = nameBytes(uplink);
  const common = {
    family: family === 4 ? "ip" : "ip6",
    mark: PASSED,
    status: 0,
    source: null,
    destination: null,
  } as const;
  const sent = { ...common, in: bridge, out: outside, state: STATE.new, source: inside };
  const coming = { ...common, in: outside, out: bridge, destination: inside };
  // Where br_netfilter is on (Docker needs it), frames that stay on a bridge are judged as well.
  const within = { ...sent, out: bridge, destination: inside };
  const staying = bridgesAreFiltered([family]) ? [["what containers send each other", within] as const] : [];
  if (internal) return staying;
  return [
    ...staying,
    // Without a default route there is no world to send to.
    ...(uplink === "" ? [] : [["what containers send", sent] as const]),
    [
      "what comes to published ports",
      { ...coming, state: STATE.new, status: STATUS.destinationTranslated },
    ] as const,
    ["the answers to containers", { ...coming, state: STATE.established }] as const,
  ];
}
