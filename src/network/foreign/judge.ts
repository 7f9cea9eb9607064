import type { Chain, Part, Rule, Verdict } from "../../kernel/nftables/ruleset.ts";
import { CT, HEADER, hostNumbers, META } from "../../kernel/nftables/values.ts";
import { iptablesMatches } from "./iptables-match.ts";
import type { Packet } from "./packet.ts";

/** NFPROTO_*, the Ethernet types, and where RFC 791 and RFC 8200 have the addresses. */
const addresses = {
  ip: { number: 2, protocol: [0x08, 0x00], source: 12, destination: 16, length: 4 },
  ip6: { number: 10, protocol: [0x86, 0xdd], source: 8, destination: 24, length: 16 },
} as const;

/** The kernel allows as many (NFT_JUMP_STACK_SIZE). */
const DEEPEST = 16;

export interface Ruleset {
  readonly chains: readonly Chain[];
  /** Of each chain (`ip filter FORWARD`), in their order. */
  readonly rules: ReadonlyMap<string, readonly Rule[]>;
}

export const keyOf = (family: string, table: string, chain: string): string => `${family} ${table} ${chain}`;

/**
 * Whether a base chain lets a packet pass. A rule that asks for what is not known of the packet is taken for one that is
 * about others: those that drop only some, and those that accept only some, do not decide for all that a network sends.
 */
export function passes(base: Chain, { rules }: Ruleset, packet: Packet): boolean {
  const walk = (chain: string, depth: number): "accept" | "drop" | "end" => {
    const own = rules.get(keyOf(base.family, base.table, chain)) ?? [];
    for (const rule of depth > DEEPEST ? [] : own) {
      const verdict = verdictOf(rule, packet);
      if (verdict.kind === "accept" || verdict.kind === "drop") return verdict.kind;
      if (verdict.kind === "return") return "end";
      if (verdict.kind !== "jump" && verdict.kind !== "goto") continue;
      const there = walk(verdict.chain, depth + 1);
      if (there !== "end" || verdict.kind === "goto") return there;
    }
    return "end";
  };
  const found = walk(base.name, 0);
  return found === "end" ? base.hook?.policy !== "drop" : found === "accept";
}

/** `continue` for a rule that does not match, or decides nothing. */
function verdictOf({ expressions }: Rule, packet: Packet): Verdict {
  // A byte that is not known is undefined.
  const registers: (number | undefined)[] = [];
  for (const part of expressions) {
    if (part.kind === "verdict") return part.verdict;
    if (part.kind === "target" && part.name in targets)
      return { kind: targets[part.name as keyof typeof targets] };
    if (!goesOn(part, registers, packet)) break;
  }
  return { kind: "continue" };
}

/** Of iptables' targets those that end a packet's way; others change it, or tell of it. */
const targets = { ACCEPT: "accept", DROP: "drop", REJECT: "drop" } as const;

/** Whether the next expression is looked at. */
function goesOn(part: Part, registers: (number | undefined)[], packet: Packet): boolean {
  const put = (register: number, bytes: readonly (number | undefined)[] | Uint8Array) => {
    for (let index = 0; index < bytes.length; index++) registers[register + index] = bytes[index];
  };
  switch (part.kind) {
    case "meta":
      put(part.register, metaOf(part.key, packet));
      return true;
    case "connection":
      put(part.register, connectionOf(part.key, packet));
      return true;
    case "payload":
      put(part.register, payloadOf(part, packet));
      return true;
    case "bits":
      put(
        part.register,
        Array.from(part.mask, (mask, index) => {
          const byte = registers[part.from + index];
          return byte === undefined ? undefined : (byte & mask) ^ (part.flip[index] ?? 0);
        }),
      );
      return true;
    case "compare": {
      let same = true;
      for (let index = 0; index < part.to.length; index++) {
        const byte = registers[part.register + index];
        if (byte === undefined) return false;
        same &&= byte === part.to[index];
      }
      return part.is !== "other" && same === (part.is === "equal");
    }
    case "match":
      return iptablesMatches(part, packet) === true;
    case "target":
    case "aside":
      return true;
    default:
      return false;
  }
}

const unknown = (length: number): undefined[] => new Array(length).fill(undefined);

function metaOf(key: number, packet: Packet): Uint8Array | readonly (number | undefined)[] {
  if (key === META.IIFNAME) return packet.in;
  if (key === META.OIFNAME) return packet.out;
  if (key === META.MARK) return hostNumbers(packet.mark);
  if (key === META.NFPROTO) return [addresses[packet.family].number];
  if (key === META.PROTOCOL) return addresses[packet.family].protocol;
  return unknown(16);
}

function connectionOf(key: number, packet: Packet) {
  if (key === CT.STATE) return hostNumbers(packet.state);
  if (key === CT.STATUS) return hostNumbers(packet.status);
  return unknown(16);
}

function payloadOf({ base, offset, length }: Extract<Part, { kind: "payload" }>, packet: Packet) {
  const { family } = packet;
  const at = (index: number): number | undefined => {
    for (const end of ["source", "destination"] as const) {
      const place = index - addresses[family][end];
      if (place >= 0 && place < addresses[family].length) return packet[end]?.[place];
    }
    return undefined;
  };
  return Array.from({ length }, (_, index) => (base === HEADER.network ? at(offset + index) : undefined));
}
