import { type Attribute, readAttributeList, readAttributes, readText, text } from "../netlink/attribute.ts";
import { encodeMessages, NLM_F, type Reply } from "../netlink/message.ts";
import { type Family, families, familyOf } from "./family.ts";

/**
 * Rules as the kernel has them, whoever made them: read as far as a judgement of forwarded packets needs it
 * (linux/netfilter/nf_tables.h). What is not understood is told as such.
 */

const NFTABLES = 10;
const MESSAGES = { newChain: 3, getChain: 4, newRule: 6, getRule: 7 } as const;

export interface Chain {
  readonly family: Family;
  readonly table: string;
  readonly name: string;
  /** Of a base chain, where packets come in; null: other chains lead here. */
  readonly hook: {
    /** `filter`, `nat`, `route`. */
    readonly type: string;
    /** NF_INET_*: 2 is forward. */
    readonly number: number;
    readonly priority: number;
    readonly policy: "accept" | "drop";
  } | null;
}

export interface Rule {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  readonly handle: bigint;
  /** nft's own comment, or that of iptables' match of this name; empty: none. */
  readonly comment: string;
  /** From left to right, each read when it is asked for: most rules are about others, which their first part says. */
  readonly expressions: Iterable<Part>;
}

/** One expression. A register is told as its first byte among the 64 that there are. */
export type Part =
  | { readonly kind: "meta" | "connection"; readonly key: number; readonly register: number }
  | {
      readonly kind: "payload";
      /** 1: the network header. */
      readonly base: number;
      readonly offset: number;
      readonly length: number;
      readonly register: number;
    }
  | {
      readonly kind: "bits";
      readonly from: number;
      readonly register: number;
      readonly mask: Uint8Array;
      readonly flip: Uint8Array;
    }
  | {
      readonly kind: "compare";
      readonly register: number;
      /** `other`: by size. */
      readonly is: "equal" | "different" | "other";
      readonly to: Uint8Array;
    }
  | { readonly kind: "verdict"; readonly verdict: Verdict }
  | { readonly kind: "match"; readonly name: string; readonly revision: number; readonly info: Uint8Array }
  | { readonly kind: "target"; readonly name: string }
  /** It decides nothing: a counter, a log. */
  | { readonly kind: "aside" }
  /** It may decide, and is not understood. */
  | { readonly kind: "unknown"; readonly name: string };

export type Verdict =
  | { readonly kind: "accept" | "drop" | "continue" | "return" | "unknown" }
  | { readonly kind: "jump" | "goto"; readonly chain: string };

/** Asks for every chain of every family; decodeChain reads the answers. */
export const encodeGetChains = (): Uint8Array => dump(MESSAGES.getChain, 0, []);
/** Asks for every rule of a table; decodeRule reads the answers. */
export const encodeGetRules = (family: Family, table: string): Uint8Array =>
  dump(MESSAGES.getRule, families[family], [text(1, table)]);

const dump = (type: number, family: number, attributes: readonly Attribute[]) =>
  encodeMessages([
    { type: NFTABLES * 256 + type, flags: NLM_F.DUMP, body: Uint8Array.of(family, 0, 0, 0), attributes },
  ]);

const nothing = new Uint8Array(0);
const viewOf = (value: Uint8Array) => new DataView(value.buffer, value.byteOffset, value.length);
const numberOf = (value: Uint8Array | undefined) =>
  value === undefined || value.length < 4 ? 0 : viewOf(value).getUint32(0);

/** The attributes after struct nfgenmsg, and its family; undefined when it is another message. */
function read(reply: Reply, type: number) {
  const family = familyOf(reply.payload[0]);
  if (reply.type !== NFTABLES * 256 + type || family === undefined) return undefined;
  return { family, found: readAttributes(reply.payload.subarray(4)) };
}

export function decodeChain(reply: Reply): Chain | undefined {
  const message = read(reply, MESSAGES.newChain);
  if (message === undefined) return undefined;
  const { family, found } = message;
  const hook = found.get(4);
  const at = readAttributes(hook ?? nothing);
  return {
    family,
    table: readText(found.get(1)),
    name: readText(found.get(3)),
    hook:
      hook === undefined
        ? null
        : {
            type: readText(found.get(7)),
            number: numberOf(at.get(1)),
            priority: numberOf(at.get(2)) | 0,
            policy: numberOf(found.get(5)) === 0 && found.has(5) ? "drop" : "accept",
          },
  };
}

export function decodeRule(reply: Reply): Rule | undefined {
  const message = read(reply, MESSAGES.newRule);
  if (message === undefined) return undefined;
  const { family, found } = message;
  const handle = found.get(3);
  const expressions = { [Symbol.iterator]: () => parts(found.get(4) ?? nothing) };
  return {
    family,
    table: readText(found.get(1)),
    chain: readText(found.get(2)),
    handle: handle === undefined ? 0n : viewOf(handle).getBigUint64(0),
    get comment() {
      return commentIn(found.get(7) ?? nothing) || matchedComment(expressions);
    },
    expressions,
  };
}

function* parts(list: Uint8Array): Generator<Part> {
  for (const element of readAttributeList(list)) yield expression(element);
}

/** libnftnl's user data: type, length, value; type 0 is the comment. */
function commentIn(data: Uint8Array): string {
  for (let at = 0; at + 2 <= data.length; at += 2 + (data[at + 1] ?? 0))
    if (data[at] === 0) return readText(data.subarray(at + 2, at + 2 + (data[at + 1] ?? 0)));
  return "";
}

function matchedComment(expressions: Iterable<Part>): string {
  for (const part of expressions)
    if (part.kind === "match" && part.name === "comment") return readText(part.info);
  return "";
}

function expression(element: Uint8Array): Part {
  const found = readAttributes(element);
  const name = readText(found.get(1));
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  return reader?.(readAttributes(found.get(2) ?? nothing)) ?? { kind: "unknown", name };
}

type Attributes = ReadonlyMap<number, Uint8Array>;

const aside = (): Part => ({ kind: "aside" });
const value = (attributes: Attributes, type: number) =>
  readAttributes(attributes.get(type) ?? nothing).get(1) ?? nothing;

/** Registers 1 to 4 have 16 bytes (NFT_REG_*), those from 8 on four (NFT_REG32_*); they are the same bytes. */
function registerOf(attribute: Uint8Array | undefined): number {
  const number = numberOf(attribute);
  return number >= 8 ? (number - 8) * 4 : (number - 1) * 16;
}

/** undefined: unknown. */
const readers: Readonly<Record<string, (attributes: Attributes) => Part | undefined>> = {
  meta: (a) =>
    a.has(1) ? { kind: "meta", key: numberOf(a.get(2)), register: registerOf(a.get(1)) } : aside(),
  ct: (a) =>
    a.has(1) ? { kind: "connection", key: numberOf(a.get(2)), register: registerOf(a.get(1)) } : aside(),
  payload: (a) =>
    a.has(1)
      ? {
          kind: "payload",
          base: numberOf(a.get(2)),
          offset: numberOf(a.get(3)),
          length: numberOf(a.get(4)),
          register: registerOf(a.get(1)),
        }
      : aside(),
  // Without a mask it shifts.
  bitwise: (a) =>
    a.has(4)
      ? {
          kind: "bits",
          from: registerOf(a.get(1)),
          register: registerOf(a.get(2)),
          mask: value(a, 4),
          flip: value(a, 5),
        }
      : undefined,
  cmp: (a) => ({
    kind: "compare",
    register: registerOf(a.get(1)),
    is: (["equal", "different"] as const)[numberOf(a.get(2))] ?? "other",
    to: value(a, 3),
  }),
  immediate: (a) => (numberOf(a.get(1)) === 0 ? verdict(a.get(2)) : aside()),
  reject: () => ({ kind: "verdict", verdict: { kind: "drop" } }),
  match: (a) => ({
    kind: "match",
    name: readText(a.get(1)),
    revision: numberOf(a.get(2)),
    info: a.get(3) ?? nothing,
  }),
  target: (a) => ({ kind: "target", name: readText(a.get(1)) }),
  ...Object.fromEntries(["counter", "log", "notrack", "dynset", "dup", "last"].map((name) => [name, aside])),
};

/** NF_DROP, NF_ACCEPT, and NFT_CONTINUE to NFT_RETURN, which are negative. */
function verdict(attribute: Uint8Array | undefined): Part {
  const found = readAttributes(readAttributes(attribute ?? nothing).get(2) ?? nothing);
  const code = numberOf(found.get(1)) | 0;
  const chain = readText(found.get(2));
  const simple = { 0: "drop", 1: "accept", [-1]: "continue", [-5]: "return" } as const;
  if (code === -3 || code === -4)
    return { kind: "verdict", verdict: { kind: code === -3 ? "jump" : "goto", chain } };
  return { kind: "verdict", verdict: { kind: simple[code as keyof typeof simple] ?? "unknown" } };
}
