import type { Chain, Part, Rule, Verdict } from "../../kernel/nftables/ruleset.ts";
import { HEADER, hooks, META } from "../../kernel/nftables/values.ts";
import type { LegacyTable } from "../../platform/ip-tables.ts";

/** linux/netfilter_ipv4/ip_tables.h: struct ipt_entry; linux/netfilter_ipv6/ip6_tables.h: struct ip6t_entry. */
const layouts = {
  ip: {
    ...{
      target: 88,
      next: 90,
      matches: 112,
      in: 16,
      out: 32,
      protocol: 80,
      flags: 82,
      goto: 2,
      inverted: 83,
    },
    source: { at: 0, mask: 8, length: 4, inHeader: 12 },
    destination: { at: 4, mask: 12, length: 4, inHeader: 16 },
  },
  ip6: {
    ...{
      target: 140,
      next: 142,
      matches: 168,
      in: 64,
      out: 80,
      protocol: 128,
      flags: 131,
      goto: 4,
      inverted: 132,
    },
    source: { at: 0, mask: 32, length: 16, inHeader: 8 },
    destination: { at: 16, mask: 48, length: 16, inHeader: 24 },
  },
} as const;
type OldFamily = keyof typeof layouts;
interface Old {
  readonly view: DataView;
  readonly layout: (typeof layouts)[OldFamily];
}
/** From an interface to its mask. */
const INTERFACE_MASK = 32;
/** IPT_INV_*, IP6T_INV_*. */
const INVERTED = { in: 1, out: 2, source: 8, destination: 16 } as const;
/** linux/netfilter/x_tables.h: struct xt_entry_match and xt_entry_target. */
const EXTENSION = { name: 2, revision: 31, data: 32 } as const;

/** What it is told as: no table of nftables has such a name. */
export const LEGACY = "filter of iptables-legacy";

/** The chain for forwarded packets of the old iptables' table `filter`, and what it leads to, in nftables' words. */
export function legacyRuleset(
  family: OldFamily,
  { entry, underflow, entries }: LegacyTable,
): { chains: Chain[]; rules: Rule[] } {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
  const old: Old = { view, layout: layouts[family] };
  const chains = chainNames(old, entry);
  const rules: Rule[] = [];
  let chain = "";
  for (const at of offsets(old)) {
    chain = chains.get(at) ?? chain;
    const parts = [...partsOf(old, at), targetOf(old, at, chains)];
    rules.push({ family, table: LEGACY, chain, handle: 0n, comment: "", expressions: parts });
  }
  const policy = targetOf(old, underflow[hooks.forward] ?? 0, chains);
  const drops = policy.kind === "verdict" && policy.verdict.kind === "drop";
  const hook = {
    type: "filter",
    number: hooks.forward,
    priority: 0,
    policy: drops ? "drop" : "accept",
  } as const;
  const all = [...chains.values()].map(
    (name): Chain => ({ family, table: LEGACY, name, hook: name === "FORWARD" ? hook : null }),
  );
  return { chains: all, rules };
}

function* offsets({ view, layout }: Old): Generator<number> {
  for (let at = 0; at + layout.matches <= view.byteLength; ) {
    yield at;
    const next = view.getUint16(at + layout.next, true);
    if (next < layout.matches) return;
    at += next;
  }
}

const HOOKS = [
  { number: 1, name: "INPUT" },
  { number: hooks.forward, name: "FORWARD" },
  { number: 3, name: "OUTPUT" },
] as const;

/** By the offset of their first rule: a chain that somebody made begins behind an entry that holds its name. */
function chainNames(old: Old, entry: readonly number[]): Map<number, string> {
  // The table has no rules for hooks that it does not hang at; their places say 0, or anything.
  const names = new Map<number, string>(HOOKS.map(({ number, name }) => [entry[number] ?? 0, name]));
  const { view, layout } = old;
  for (const at of offsets(old)) {
    const target = at + view.getUint16(at + layout.target, true);
    if (text(view, target + EXTENSION.name, 29) !== "ERROR") continue;
    names.set(at + view.getUint16(at + layout.next, true), text(view, target + EXTENSION.data, 30));
  }
  return names;
}

function text(view: DataView, at: number, most: number): string {
  const bytes = bytesAt(view, at, Math.min(most, view.byteLength - at));
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

const bytesAt = (view: DataView, at: number, length: number) =>
  new Uint8Array(view.buffer, view.byteOffset + at, length);

function* partsOf({ view, layout }: Old, at: number): Generator<Part> {
  const inverted = view.getUint8(at + layout.inverted);
  const compared = (field: keyof typeof INVERTED, mask: Uint8Array, value: Uint8Array): Part[] => [
    { kind: "bits", from: 0, register: 0, mask, flip: new Uint8Array(mask.length) },
    {
      kind: "compare",
      register: 0,
      is: (inverted & INVERTED[field]) === 0 ? "equal" : "different",
      to: value.map((byte, index) => byte & (mask[index] ?? 0)),
    },
  ];
  const isAsked = (mask: Uint8Array) => mask.some((byte) => byte !== 0);
  for (const field of ["in", "out"] as const) {
    const mask = bytesAt(view, at + layout[field] + INTERFACE_MASK, 16);
    if (!isAsked(mask)) continue;
    yield { kind: "meta", key: field === "in" ? META.IIFNAME : META.OIFNAME, register: 0 };
    yield* compared(field, mask, bytesAt(view, at + layout[field], 16));
  }
  for (const field of ["source", "destination"] as const) {
    const { at: place, mask: maskAt, length, inHeader: offset } = layout[field];
    const mask = bytesAt(view, at + maskAt, length);
    if (!isAsked(mask)) continue;
    yield { kind: "payload", base: HEADER.network, offset, length, register: 0 };
    yield* compared(field, mask, bytesAt(view, at + place, length));
  }
  if (view.getUint16(at + layout.protocol, true) !== 0) yield { kind: "unknown", name: "protocol" };
  const end = at + view.getUint16(at + layout.target, true);
  for (let match = at + layout.matches; match + EXTENSION.data <= end; ) {
    const size = view.getUint16(match, true);
    yield {
      kind: "match",
      name: text(view, match + EXTENSION.name, 29),
      revision: view.getUint8(match + EXTENSION.revision),
      info: bytesAt(view, match + EXTENSION.data, Math.max(0, size - EXTENSION.data)),
    };
    if (size < EXTENSION.data) return;
    match += size;
  }
}

/** A standard target's name is empty: its verdict is an offset to jump to, or below zero -1 less one of NF_*. */
function targetOf({ view, layout }: Old, at: number, chains: ReadonlyMap<number, string>): Part {
  const target = at + view.getUint16(at + layout.target, true);
  const name = text(view, target + EXTENSION.name, 29);
  if (name !== "") return { kind: "target", name };
  const number = view.getInt32(target + EXTENSION.data, true);
  const isGoto = (view.getUint8(at + layout.flags) & layout.goto) !== 0;
  const simple: Readonly<Record<number, Verdict["kind"]>> = { [-1]: "drop", [-2]: "accept", [-5]: "return" };
  const verdict: Verdict =
    number < 0
      ? ({ kind: simple[number] ?? "unknown" } as Verdict)
      : number === at + view.getUint16(at + layout.next, true)
        ? { kind: "continue" }
        : { kind: isGoto ? "goto" : "jump", chain: chains.get(number) ?? "" };
  return { kind: "verdict", verdict };
}
