import type { Part } from "../../kernel/nftables/ruleset.ts";
import { STATUS } from "../../kernel/nftables/values.ts";
import type { Packet } from "./packet.ts";

type Match = Extract<Part, { kind: "match" }>;
type Read = (view: DataView, packet: Packet, revision: number) => boolean | undefined;

/** Whether one of iptables' matches holds; undefined: not known. */
export function iptablesMatches({ name, revision, info }: Match, packet: Packet): boolean | undefined {
  const read = Object.hasOwn(matches, name) ? matches[name] : undefined;
  const view = new DataView(info.buffer, info.byteOffset, info.length);
  try {
    return read?.(view, packet, revision);
  } catch (error) {
    // It is shorter than its structure.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** linux/netfilter/xt_conntrack.h: struct xt_conntrack_mtinfo2 and 3, XT_CONNTRACK_*. */
const CONNTRACK = { flags: 146, inverted: 148, states: 150, statuses: 152 } as const;
const BY_STATE = 1;
const BY_STATUS = 0x40;
/** It was written as `-m state`. */
const ALIAS = 1 << 13;
/** XT_CONNTRACK_STATE_DNAT; the lower bits are nftables' (NF_CT_STATE_BIT). */
const STATE_DNAT = 1 << 7;

const matches: Readonly<Record<string, Read>> = {
  comment: () => true,
  // struct xt_mark_mtinfo1.
  mark: (view, packet) => {
    const [mark, mask] = [view.getUint32(0, true), view.getUint32(4, true)];
    return ((packet.mark & mask) >>> 0 === mark) !== (view.getUint8(8) !== 0);
  },
  // struct xt_state_info.
  state: (view, packet) => (view.getUint32(0, true) & packet.state) !== 0,
  conntrack: (view, packet, revision) => {
    const asked = view.getUint16(CONNTRACK.flags, true);
    const inverted = view.getUint16(CONNTRACK.inverted, true);
    if (revision < 2 || (asked & ~(BY_STATE | BY_STATUS | ALIAS)) !== 0) return undefined;
    const state = packet.state | ((packet.status & STATUS.destinationTranslated) === 0 ? 0 : STATE_DNAT);
    const holds = (kind: number, found: boolean) =>
      (asked & kind) === 0 || found !== ((inverted & kind) !== 0);
    return (
      holds(BY_STATE, (view.getUint16(CONNTRACK.states, true) & state) !== 0) &&
      holds(BY_STATUS, (view.getUint16(CONNTRACK.statuses, true) & packet.status) !== 0)
    );
  },
};
