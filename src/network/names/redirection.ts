import { LOOPBACK_INDEX } from "../../kernel/netlink/link.ts";
import { type Change, encodeBatch } from "../../kernel/nftables/batch.ts";
import type { Expression } from "../../kernel/nftables/expression.ts";
import { hostNumbers } from "../../kernel/nftables/values.ts";
import { emptyFragment, type PlanFragment } from "../../kernel/plan/fragment.ts";
import { addressBytes } from "../../oci/address.ts";
import { portBytes } from "../../oci/port.ts";
import { netfilter } from "../operations.ts";

/** Where Docker's resolver is since 1.10; configurations depend on it. */
export const RESOLVER = "127.0.0.11";
const DNS = 53;
/** Beyond the ports that Linux gives by itself (ip_local_port_range), and nobody's by IANA's list. */
const PORT = 61053;

const TABLE = "inro_names";
const protocols = { udp: 17, tcp: 6 } as const;
const because = "default (DNS)";

function redirection(): Change[] {
  const chain = (name: string, hook: "input" | "output", priority: number, rules: Expression[][]) => [
    { kind: "make-chain", table: TABLE, chain: name, hook: { type: "filter", hook, priority } } as const,
    ...rules.map((rule) => ({ kind: "add-rule", table: TABLE, chain: name, rule }) as const),
  ];
  return [
    { kind: "make-table", table: TABLE },
    ...chain("asked", "input", 500, [elsewhere("in"), ...change("destination", DNS, PORT)]),
    ...chain("answered", "output", -500, [elsewhere("out"), ...change("source", PORT, DNS)]),
  ];
}

/** All but a comparison is spared to what does not stay on the loopback. */
const elsewhere = (way: "in" | "out"): Expression[] => [
  { kind: "load", field: `interface-${way}-index`, register: 0 },
  {
    kind: "compare",
    register: 0,
    is: "different",
    to: hostNumbers(LOOPBACK_INDEX),
  },
  { kind: "verdict", verdict: "accept" },
];

const change = (which: "source" | "destination", from: number, to: number): Expression[][] =>
  (["udp", "tcp"] as const).map((of) => [
    { kind: "load", field: `ip-${which}`, register: 0 },
    { kind: "compare", register: 0, is: "equal", to: addressBytes(RESOLVER) },
    { kind: "load", field: "transport-protocol", register: 0 },
    { kind: "compare", register: 0, is: "equal", to: Uint8Array.of(protocols[of]) },
    { kind: "load", field: `port-${which}`, register: 0 },
    { kind: "compare", register: 0, is: "equal", to: portBytes(from) },
    { kind: "value", register: 0, value: portBytes(to) },
    { kind: "set-port", which, of, register: 0 },
  ]);

/**
 * What a container's own names need in its network namespace: sockets, and two chains that let port 53 of 127.0.0.11 lead to
 * them. So the container may itself serve port 53, on all of its addresses. Ports are rewritten in the packet, without
 * connection tracking: a query after every chain of the container's own, an answer before, so that those see port 53.
 */
export const namesFragment: PlanFragment = {
  ...emptyFragment,
  map: [{ kind: "nameSockets", port: PORT, because }],
  build: [
    netfilter(encodeBatch(redirection(), "ip"), {
      what: `${RESOLVER}:${DNS} leads to ${RESOLVER}:${PORT}`,
      because,
    }),
  ],
};
