import { portBytes } from "../../oci/port.ts";
import { bytes, nest, readAttributes, u8, u32 } from "./attribute.ts";
import { type Message, NLM_F, type Reply } from "./message.ts";

// linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h
const CTNETLINK = 1;
const IPCTNL = { NEW: 0, GET: 1, DELETE: 2 } as const;
const CTA = { TUPLE_ORIG: 1, TUPLE_REPLY: 2, FILTER: 25 } as const;
const CTA_TUPLE = { IP: 1, PROTO: 2 } as const;
const CTA_IP = { V4_DST: 2, V6_DST: 4 } as const;
const CTA_PROTO = { NUM: 1, SRC_PORT: 2, DST_PORT: 3 } as const;
const CTA_FILTER_ORIG_FLAGS = 1;
/** net/netfilter/nf_conntrack_netlink.c, CTA_FILTER_F_CTA_PROTO_*: what of a tuple has to agree (Linux 5.8). */
const AGREES = { protocol: 1 << 3, destinationPort: 1 << 5 } as const;
const UDP = 17;

/** What the kernel remembers of UDP datagrams of one sender: where they were sent to. */
export interface Flow {
  readonly family: number;
  /** The address before any translation, in network order: four bytes or sixteen. */
  readonly destination: Uint8Array;
  readonly port: number;
  /** The kernel's name of the flow, for deleteFlow. */
  readonly tuple: Uint8Array;
}

const generic = (family: number) => Uint8Array.of(family, 0, 0, 0);

/** Asks for all UDP flows of a family, or those to one port; the kernel leaves out the rest. decodeFlow reads the answers. */
export function getFlows(family: number, port?: number): Message {
  const number = u8(CTA_PROTO.NUM, UDP);
  const to = port === undefined ? [] : [bytes(CTA_PROTO.DST_PORT, portBytes(port))];
  const flags = AGREES.protocol | (port === undefined ? 0 : AGREES.destinationPort);
  return {
    type: CTNETLINK * 256 + IPCTNL.GET,
    flags: NLM_F.DUMP,
    body: generic(family),
    attributes: [
      nest(CTA.TUPLE_ORIG, [nest(CTA_TUPLE.PROTO, [number, ...to])]),
      nest(CTA.FILTER, [u32(CTA_FILTER_ORIG_FLAGS, flags)]),
    ],
  };
}

/** Undefined when the reply is something else. */
export function decodeFlow(reply: Reply): Flow | undefined {
  if (reply.type !== CTNETLINK * 256 + IPCTNL.NEW || reply.payload.length < 4) return undefined;
  const tuple = readAttributes(reply.payload.subarray(4)).get(CTA.TUPLE_ORIG);
  const parts = tuple === undefined ? undefined : readAttributes(tuple);
  const ip = readAttributes(parts?.get(CTA_TUPLE.IP) ?? new Uint8Array(0));
  const port = readAttributes(parts?.get(CTA_TUPLE.PROTO) ?? new Uint8Array(0)).get(CTA_PROTO.DST_PORT);
  const destination = ip.get(CTA_IP.V4_DST) ?? ip.get(CTA_IP.V6_DST);
  if (tuple === undefined || destination === undefined || port === undefined) return undefined;
  const [high = 0, low = 0] = port;
  return { family: reply.payload[0] ?? 0, destination, port: high * 256 + low, tuple };
}

/** The next datagram of its sender begins a new one, by the rules of that moment. ENOENT where it has ended. */
export const deleteFlow = ({ family, tuple }: Flow): Message => ({
  type: CTNETLINK * 256 + IPCTNL.DELETE,
  flags: NLM_F.ACK,
  body: generic(family),
  attributes: [{ type: CTA.TUPLE_ORIG | 0x8000, value: tuple }],
});
