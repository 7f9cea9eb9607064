import { type Attribute, bytes, nest, text, u32 } from "./attribute.ts";
import { MADE, type Message, NLM_F } from "./message.ts";

/** linux/rtnetlink.h. */
const RTM = { NEWQDISC: 36, DELQDISC: 37, NEWTFILTER: 44, DELTFILTER: 45 } as const;
/** linux/rtnetlink.h, linux/pkt_sched.h, linux/pkt_cls.h, linux/tc_act/tc_mirred.h. */
const TCA = { KIND: 1, OPTIONS: 2 } as const;
const TCA_TBF = { PARMS: 1, RATE64: 4, BURST: 6 } as const;
const TCA_FQ_CODEL_MEMORY_LIMIT = 9;
const TCA_U32 = { SEL: 5, ACT: 7 } as const;
const TCA_ACT = { KIND: 1, OPTIONS: 2 } as const;
const TCA_MIRRED_PARMS = 2;
const TC_U32_TERMINAL = 1;
const TC_ACT_STOLEN = 4;
const TCA_EGRESS_REDIR = 1;
const TC_LINKLAYER_ETHERNET = 1;
const ETH_P_ALL = 3;

/** Handles: major number in the upper 16 bits. TC_H_ROOT; TC_H_CLSACT with its own major, and its two ends. */
const ROOT = 0xffffffff;
const CLSACT = { parent: 0xfffffff1, handle: 0xffff0000 } as const;
const ends = { ingress: 0xfffffff2, egress: 0xfffffff3 } as const;
const LIMITER = 0x10000;
const LEAF = 0x20000;

const PRIORITY = 1;
const put = NLM_F.ACK | NLM_F.CREATE | NLM_F.REPLACE;
const most32 = 0xffffffff;

/** struct tcmsg. */
function body(index: number, handle: number, parent: number, info = 0): Uint8Array {
  const out = new Uint8Array(20);
  const view = new DataView(out.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, handle, true);
  view.setUint32(12, parent, true);
  view.setUint32(16, info, true);
  return out;
}

const u64 = (type: number, value: number): Attribute =>
  bytes(type, new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));

export interface TokenBucket {
  /** Bytes a second. */
  readonly rate: number;
  /** Bytes that may go at once; a larger frame never goes, a larger packet of several segments goes in its segments. */
  readonly burst: number;
  /** Bytes that wait; what comes beyond them is dropped. */
  readonly limit: number;
}

/** Makes a token bucket (tc-tbf(8)) what all that an interface sends goes through, or changes the one that is there. */
export function limitRate(index: number, { rate, burst, limit }: TokenBucket): Message {
  const parameters = new Uint8Array(36);
  const view = new DataView(parameters.buffer);
  // struct tc_tbf_qopt: two of struct tc_ratespec, then limit, buffer and mtu. The burst's own attribute counts bytes.
  parameters[1] = TC_LINKLAYER_ETHERNET;
  view.setUint32(8, Math.min(rate, most32), true);
  view.setUint32(24, limit, true);
  return {
    type: RTM.NEWQDISC,
    flags: put,
    body: body(index, LIMITER, ROOT),
    attributes: [
      text(TCA.KIND, "tbf"),
      nest(TCA.OPTIONS, [
        bytes(TCA_TBF.PARMS, parameters),
        u64(TCA_TBF.RATE64, rate),
        u32(TCA_TBF.BURST, burst),
      ]),
    ],
  };
}

/**
 * Lets what waits in a token bucket wait in fair queues (tc-fq_codel(8)), of so many bytes in all. ENOENT where the
 * kernel has none.
 */
export function queueFairly(index: number, memory: number): Message {
  return {
    type: RTM.NEWQDISC,
    flags: put,
    body: body(index, LEAF, LIMITER + 1),
    attributes: [text(TCA.KIND, "fq_codel"), nest(TCA.OPTIONS, [u32(TCA_FQ_CODEL_MEMORY_LIMIT, memory)])],
  };
}

/** Gives an interface the two places where filters see every frame that it receives or sends. EEXIST. */
export const addFilters = (index: number): Message => ({
  type: RTM.NEWQDISC,
  flags: MADE,
  body: body(index, CLSACT.handle, CLSACT.parent),
  attributes: [text(TCA.KIND, "clsact")],
});

/** Takes both places away with every filter in them. ENOENT. */
export const removeFilters = (index: number): Message => ({
  type: RTM.DELQDISC,
  flags: NLM_F.ACK,
  body: body(index, 0, CLSACT.parent),
  attributes: [],
});

type End = keyof typeof ends;

/** The byte order of struct tcmsg's protocol is the network's. */
const everyFrame = (PRIORITY << 16) | (ETH_P_ALL << 8);

/**
 * Sends every frame of one end to another interface instead. tc-u32(8): a selector without keys takes all, shorter frames
 * than a key would read too.
 */
export function redirect(index: number, end: End, to: number): Message {
  const selector = new Uint8Array(16);
  selector[0] = TC_U32_TERMINAL;
  const mirred = new Uint8Array(28);
  const view = new DataView(mirred.buffer);
  view.setInt32(8, TC_ACT_STOLEN, true);
  view.setInt32(20, TCA_EGRESS_REDIR, true);
  view.setUint32(24, to, true);
  const action = nest(1, [
    text(TCA_ACT.KIND, "mirred"),
    nest(TCA_ACT.OPTIONS, [bytes(TCA_MIRRED_PARMS, mirred)]),
  ]);
  return {
    type: RTM.NEWTFILTER,
    flags: MADE,
    body: body(index, 0, ends[end], everyFrame),
    attributes: [
      text(TCA.KIND, "u32"),
      nest(TCA.OPTIONS, [bytes(TCA_U32.SEL, selector), nest(TCA_U32.ACT, [action])]),
    ],
  };
}

/** Undoes redirect. ENOENT. */
export const stopRedirecting = (index: number, end: End): Message => ({
  type: RTM.DELTFILTER,
  flags: NLM_F.ACK,
  body: body(index, 0, ends[end], everyFrame),
  attributes: [],
});
