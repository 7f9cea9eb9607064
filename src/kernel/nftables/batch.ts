import { type Attribute, be32, be64, bytes, nest, text } from "../netlink/attribute.ts";
import { encodeMessages, type Message, NLM_F } from "../netlink/message.ts";
import { type Expression, encodeExpression } from "./expression.ts";
import { type Family, families } from "./family.ts";
import { hooks } from "./values.ts";

/** What one transaction does to our table, in order; the kernel takes all of it or nothing. */
export type Change =
  | { readonly kind: "make-table"; readonly table: string }
  | { readonly kind: "delete-table"; readonly table: string }
  | { readonly kind: "make-chain"; readonly table: string; readonly chain: string; readonly hook: ChainHook }
  | {
      readonly kind: "add-rule";
      readonly table: string;
      readonly chain: string;
      readonly rule: readonly Expression[];
    }
  /** Before all others of a chain that may be somebody else's. */
  | ({
      readonly kind: "insert-rule";
      readonly rule: readonly Expression[];
      readonly comment: string;
    } & Elsewhere)
  | ({ readonly kind: "delete-rule"; readonly handle: bigint } & Elsewhere)
  | {
      readonly kind: "make-map";
      readonly table: string;
      readonly map: string;
      readonly key: readonly DataType[];
      readonly value: readonly DataType[];
    }
  | {
      readonly kind: "make-set";
      readonly table: string;
      readonly set: string;
      readonly key: readonly DataType[];
    }
  | { readonly kind: "empty-set"; readonly table: string; readonly set: string }
  | ({ readonly kind: "add-elements" } & Elements)
  | ({ readonly kind: "delete-elements" } & Elements);

/** A chain of any family. */
export interface Elsewhere {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
}

/** What an element of a map is, or without a value one of a set: whole registers of four bytes. */
interface KeyAndValue {
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

export interface Element extends KeyAndValue {
  readonly table: string;
  readonly map: string;
}

/** Elements of one map: one message, whose list is an attribute of at most 64 KiB. */
interface Elements {
  readonly table: string;
  readonly map: string;
  readonly elements: readonly KeyAndValue[];
}

const ELEMENTS_IN_A_MESSAGE = 1000;

/** Elements of any maps in as few messages as they take. */
export function gathered(all: Iterable<Element>): Elements[] {
  const found: Elements[] = [];
  const open = new Map<string, KeyAndValue[]>();
  for (const { table, map, ...element } of all) {
    let into = open.get(map);
    if (into === undefined || into.length === ELEMENTS_IN_A_MESSAGE) {
      into = [];
      open.set(map, into);
      found.push({ table, map, elements: into });
    }
    into.push(element);
  }
  return found;
}

/** Where a chain hangs. Priorities as in nft(8): raw -300, dstnat -100, filter 0, srcnat 100. */
export interface ChainHook {
  readonly type: "filter" | "nat";
  readonly hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
  readonly priority: number;
}

/** The numbers by which nft(8) names types when it lists a map; the kernel only keeps them. */
const dataTypes = {
  "ipv4-address": { number: 7, length: 4 },
  "ipv6-address": { number: 8, length: 16 },
  protocol: { number: 12, length: 1 },
  port: { number: 13, length: 2 },
  "interface-name": { number: 41, length: 16 },
} as const;

export type DataType = keyof typeof dataTypes;

const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;
const NFTABLES = 10;
const SET_IS_MAP = 8;
/** linux/netlink.h, NLA_F_NESTED. */
const NESTED = 0x8000;

/** struct nfgenmsg: family, version, and for the batch's ends the subsystem (network order). */
const generic = (family: number, resource = 0) => Uint8Array.of(family, 0, resource >>> 8, resource & 0xff);

const typeNumber = (types: readonly DataType[]) =>
  types.reduce((number, type) => number * 64 + dataTypes[type].number, 0);

/** Each part of a key or value starts on a register's edge, four bytes. */
const typeLength = (types: readonly DataType[]) =>
  types.reduce((length, type) => length + Math.ceil(dataTypes[type].length / 4) * 4, 0);

interface Encoded {
  readonly type: number;
  readonly flags: number;
  readonly attributes: readonly Attribute[];
  readonly family?: Family;
}
const create = NLM_F.CREATE | NLM_F.ACK;

const encoders: { [K in Change["kind"]]: (c: Extract<Change, { kind: K }>) => Encoded } = {
  "make-table": (c) => ({ type: 0, flags: create, attributes: [text(1, c.table)] }),
  "delete-table": (c) => ({ type: 2, flags: NLM_F.ACK, attributes: [text(1, c.table)] }),
  "make-chain": (c) => ({
    type: 3,
    flags: create,
    attributes: [
      text(1, c.table),
      text(3, c.chain),
      text(7, c.hook.type),
      nest(4, [be32(1, hooks[c.hook.hook]), be32(2, c.hook.priority)]),
    ],
  }),
  "add-rule": (c) => ({
    type: 6,
    flags: create | NLM_F.APPEND,
    attributes: [text(1, c.table), text(2, c.chain), nest(4, c.rule.map(encodeExpression))],
  }),
  "insert-rule": (c) => ({
    type: 6,
    flags: create,
    family: c.family,
    attributes: [
      text(1, c.table),
      text(2, c.chain),
      nest(4, c.rule.map(encodeExpression)),
      ...(c.comment === "" ? [] : [bytes(7, userComment(c.comment))]),
    ],
  }),
  "delete-rule": (c) => ({
    type: 8,
    flags: NLM_F.ACK,
    family: c.family,
    attributes: [text(1, c.table), text(2, c.chain), be64(3, c.handle)],
  }),
  "make-map": (c) => ({
    type: 9,
    flags: create,
    attributes: [
      text(1, c.table),
      text(2, c.map),
      be32(3, SET_IS_MAP),
      be32(4, typeNumber(c.key)),
      be32(5, typeLength(c.key)),
      be32(6, typeNumber(c.value)),
      be32(7, typeLength(c.value)),
      be32(10, 1),
    ],
  }),
  "make-set": (c) => ({
    type: 9,
    flags: create,
    attributes: [
      text(1, c.table),
      text(2, c.set),
      be32(3, 0),
      be32(4, typeNumber(c.key)),
      be32(5, typeLength(c.key)),
      be32(10, 1),
    ],
  }),
  // A deletion that names no element is one of all.
  "empty-set": (c) => ({ type: 14, flags: NLM_F.ACK, attributes: [text(1, c.table), text(2, c.set)] }),
  "add-elements": (c) => ({ type: 12, flags: create, attributes: elements(c.table, c.map, c.elements) }),
  "delete-elements": (c) => ({
    type: 14,
    flags: NLM_F.ACK,
    attributes: elements(
      c.table,
      c.map,
      c.elements.map(({ key }) => ({ key })),
    ),
  }),
};

/** libnftnl's user data of a rule: type 0 is its comment. */
function userComment(comment: string): Uint8Array {
  const value = new TextEncoder().encode(`${comment}\0`);
  return Uint8Array.of(0, value.length, ...value);
}

function elements(table: string, map: string, all: readonly KeyAndValue[]): Attribute[] {
  return [text(1, table), text(2, map), bytes(3 | NESTED, list(all))];
}

/** Written by hand: a thousand elements are five thousand attributes. */
function list(all: readonly KeyAndValue[]): Uint8Array {
  const sizes = all.map(
    ({ key, value }) => 4 + 8 + key.length + (value === undefined ? 0 : 8 + value.length),
  );
  const out = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  const open = (type: number, size: number) => {
    view.setUint16(at, size, true);
    view.setUint16(at + 2, type, true);
    at += 4;
  };
  const data = (type: number, value: Uint8Array) => {
    open(type | NESTED, 8 + value.length);
    open(1, 4 + value.length);
    out.set(value, at);
    at += value.length;
  };
  all.forEach(({ key, value }, index) => {
    open(1 | NESTED, sizes[index] ?? 0);
    data(1, key);
    if (value !== undefined) data(2, value);
  });
  return out;
}

/**
 * One transaction as messages for a NETLINK_NETFILTER socket. A table of the family `inet` holds the rules of IPv4 and IPv6;
 * those of one of them alone ask for it (`protocol-family`).
 */
export function encodeBatch(changes: readonly Change[], family: Family = "inet"): Uint8Array {
  const edge = (type: number): Message => ({
    type,
    flags: 0,
    body: generic(0, NFTABLES),
    attributes: [],
  });
  return encodeMessages([
    edge(BATCH_BEGIN),
    ...changes.map((change) => encodeChange(change, family)),
    edge(BATCH_END),
  ]);
}

function encodeChange(change: Change, ofTable: Family): Message {
  const encode = encoders[change.kind] as (c: Change) => Encoded;
  const { type, flags, attributes, family = ofTable } = encode(change);
  return { type: NFTABLES * 256 + type, flags, body: generic(families[family]), attributes };
}

/** Asks for a table by its name: ENOENT, or an answer. */
export const encodeGetTable = (table: string): Uint8Array => question(1, [text(1, table)]);

/** Asks for a map's element by its key: ENOENT, or an answer. Unlike a failed transaction it waits for nobody. */
export const encodeGetElement = ({ table, map, key }: Element): Uint8Array =>
  question(13, elements(table, map, [{ key }]));

function question(type: number, attributes: readonly Attribute[]): Uint8Array {
  const flags = NLM_F.ACK | NLM_F.ECHO;
  return encodeMessages([{ type: NFTABLES * 256 + type, flags, body: generic(families.inet), attributes }]);
}
