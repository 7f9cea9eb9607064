import { addressFamilies, type Family } from "../../oci/address.ts";
import { type Attribute, be32, bytes, nest, text } from "../netlink/attribute.ts";
import { CT, HEADER, META } from "./values.ts";

/**
 * The expressions of nftables that Inro's rules are made of, as data: a rule is a list of them, read from left to
 * right; one that does not match ends its rule. Registers are the kernel's 32-bit ones, 0 to 15.
 */
export type Expression =
  /** A packet's fields: `ip.source`, … into a register. */
  | { readonly kind: "load"; readonly field: Field; readonly register: number }
  | {
      readonly kind: "compare";
      readonly register: number;
      readonly is: "equal" | "different";
      readonly to: Uint8Array;
    }
  /** Keeps only the bits of the mask, then flips those of `flip`. */
  | {
      readonly kind: "mask";
      readonly register: number;
      readonly mask: Uint8Array;
      readonly flip?: Uint8Array;
    }
  | { readonly kind: "value"; readonly register: number; readonly value: Uint8Array }
  /** The packet gets another port, and the checksum that goes with it. */
  | {
      readonly kind: "set-port";
      readonly which: "source" | "destination";
      readonly of: "tcp" | "udp";
      readonly register: number;
    }
  /** The packet's mark becomes what the register holds. */
  | { readonly kind: "set-mark"; readonly register: number }
  /** Looks a key up in a map; no match when it is not there. */
  | { readonly kind: "map"; readonly map: string; readonly key: number; readonly value: number }
  /** No match unless the key is (or is not) an element of a set. */
  | { readonly kind: "member"; readonly set: string; readonly key: number; readonly is: boolean }
  | {
      readonly kind: "translate-destination";
      readonly family: Family;
      readonly address: number;
      readonly port: number;
    }
  | { readonly kind: "masquerade" }
  /** Counts what the rule has met, for those who look. */
  | { readonly kind: "counter" }
  /** A match of iptables (nft_compat), in its own structure: what iptables lists as its own. */
  | {
      readonly kind: "iptables-match";
      readonly name: string;
      readonly revision: number;
      readonly info: Uint8Array;
    }
  | { readonly kind: "verdict"; readonly verdict: "accept" | "drop" };

type Field = keyof typeof fields;

const fields = {
  "interface-in": meta(META.IIFNAME),
  "interface-out": meta(META.OIFNAME),
  "interface-in-index": meta(META.IIF),
  "interface-out-index": meta(META.OIF),
  mark: meta(META.MARK),
  /** What makes it (`bridge`); nothing matches where it is the machine's own. */
  "interface-out-kind": meta(META.OIFKIND),
  /** NFPROTO_*, one byte: 2 is IPv4, 10 IPv6. */
  "protocol-family": meta(META.NFPROTO),
  "transport-protocol": meta(META.L4PROTO),
  "ip-source": payload(HEADER.network, 12, 4),
  "ip-destination": payload(HEADER.network, 16, 4),
  "ip6-destination": payload(HEADER.network, 24, 16),
  "ip-source-first-byte": payload(HEADER.network, 12, 1),
  "ip-destination-first-byte": payload(HEADER.network, 16, 1),
  "port-source": payload(HEADER.transport, 0, 2),
  "port-destination": payload(HEADER.transport, 2, 2),
  "connection-state": connection(CT.STATE),
  "connection-status": connection(CT.STATUS),
  "source-type": addressType(1),
  "destination-type": addressType(2),
} as const;

function meta(key: number) {
  return { name: "meta", attributes: (register: number) => [be32(2, key), be32(1, register)] };
}

function payload(base: number, offset: number, length: number) {
  return {
    name: "payload",
    attributes: (register: number) => [be32(1, register), be32(2, base), be32(3, offset), be32(4, length)],
  };
}

/** NFT_FIB_RESULT_ADDRTYPE of NFTA_FIB_F_SADDR or NFTA_FIB_F_DADDR. */
function addressType(of: number) {
  return {
    name: "fib",
    attributes: (register: number) => [be32(1, register), be32(2, 3), be32(3, of)],
  };
}

function connection(key: number) {
  return { name: "ct", attributes: (register: number) => [be32(2, key), be32(1, register)] };
}

/** NFT_REG32_00. */
const registerNumber = (register: number) => 8 + register;
const data = (type: number, value: Uint8Array) => nest(type, [bytes(1, value)]);
const verdicts = { drop: 0, accept: 1 } as const;
/** NFT_LOOKUP_F_INV. */
const LOOKUP_INVERTED = 1;
const DESTINATION = 1;
/** NFT_PAYLOAD_CSUM_INET, and where RFC 9293 and RFC 768 have their checksums. */
const INTERNET_CHECKSUM = 1;
const checksumAt = { tcp: 16, udp: 6 } as const;

const encoders: {
  [K in Expression["kind"]]: (e: Extract<Expression, { kind: K }>) => {
    name: string;
    attributes: Attribute[];
  };
} = {
  load: (e) => ({
    name: fields[e.field].name,
    attributes: fields[e.field].attributes(registerNumber(e.register)),
  }),
  compare: (e) => ({
    name: "cmp",
    attributes: [be32(1, registerNumber(e.register)), be32(2, e.is === "equal" ? 0 : 1), data(3, e.to)],
  }),
  mask: (e) => ({
    name: "bitwise",
    attributes: [
      be32(1, registerNumber(e.register)),
      be32(2, registerNumber(e.register)),
      be32(3, e.mask.length),
      data(4, e.mask),
      data(5, e.flip ?? new Uint8Array(e.mask.length)),
    ],
  }),
  value: (e) => ({
    name: "immediate",
    attributes: [be32(1, registerNumber(e.register)), data(2, e.value)],
  }),
  "set-port": (e) => ({
    name: "payload",
    attributes: [
      be32(2, HEADER.transport),
      be32(3, e.which === "source" ? 0 : 2),
      be32(4, 2),
      be32(5, registerNumber(e.register)),
      be32(6, INTERNET_CHECKSUM),
      be32(7, checksumAt[e.of]),
    ],
  }),
  "set-mark": (e) => ({
    name: "meta",
    attributes: [be32(2, META.MARK), be32(3, registerNumber(e.register))],
  }),
  map: (e) => ({
    name: "lookup",
    attributes: [text(1, e.map), be32(2, registerNumber(e.key)), be32(3, registerNumber(e.value))],
  }),
  member: (e) => ({
    name: "lookup",
    attributes: [text(1, e.set), be32(2, registerNumber(e.key)), ...(e.is ? [] : [be32(5, LOOKUP_INVERTED)])],
  }),
  "translate-destination": (e) => ({
    name: "nat",
    attributes: [
      be32(1, DESTINATION),
      be32(2, addressFamilies[e.family]),
      be32(3, registerNumber(e.address)),
      be32(5, registerNumber(e.port)),
    ],
  }),
  masquerade: () => ({ name: "masq", attributes: [] }),
  counter: () => ({ name: "counter", attributes: [] }),
  "iptables-match": (e) => ({
    name: "match",
    attributes: [text(1, e.name), be32(2, e.revision), bytes(3, e.info)],
  }),
  verdict: (e) => ({
    name: "immediate",
    attributes: [be32(1, 0), nest(2, [nest(2, [be32(1, verdicts[e.verdict])])])],
  }),
};

/** One expression as an element of a rule's list (NFTA_LIST_ELEM). */
export function encodeExpression(expression: Expression): Attribute {
  const encode = encoders[expression.kind] as (e: Expression) => {
    name: string;
    attributes: Attribute[];
  };
  const { name, attributes } = encode(expression);
  return nest(1, [text(1, name), nest(2, attributes)]);
}
