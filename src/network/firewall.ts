import type { Change } from "../kernel/nftables/batch.ts";
import type { Expression } from "../kernel/nftables/expression.ts";
import { families } from "../oci/address.ts";
import type { BridgeNetwork } from "./attachment.ts";
import { enlistment, membershipSets, uplinkChanges } from "./memberships.ts";
import { publicationSets } from "./publications.ts";
import { forwarderGuard, isolation, loopbackGuard, masquerading, translation } from "./rules.ts";

/** Before any chain that might judge by the mark. */
const FIRST = -400;

/**
 * Our whole table, made anew in one transaction that also removes an older one: whatever state a crash left, the
 * kernel goes from it to this in one step, and established connections keep their translation.
 *
 * R27: chains of ours accept by default, so nothing that is not ours is ever touched; only what is forwarded *to* one of
 * our bridges is dropped unless it answers, comes from the same bridge, or was translated by a published port. This
 * holds too for packets that a neighbour routes straight to a container's address.
 */
export function tableChanges(
  table: string,
  networks: readonly BridgeNetwork[],
  uplinks: readonly string[],
): Change[] {
  const chain = (
    name: string,
    hook: Extract<Change, { kind: "make-chain" }>["hook"],
    rules: Expression[][],
  ) => [
    { kind: "make-chain", table, chain: name, hook } as const,
    ...rules.map((rule) => ({ kind: "add-rule", table, chain: name, rule }) as const),
  ];
  return [
    { kind: "make-table", table },
    { kind: "delete-table", table },
    { kind: "make-table", table },
    ...publicationSets(table),
    ...membershipSets(table),
    ...uplinkChanges(table, uplinks),
    ...networks.flatMap((network) => enlistment(table, network)),
    ...chain("guard", { type: "filter", hook: "prerouting", priority: -300 }, [
      ...loopbackGuard(),
      ...forwarderGuard(),
    ]),
    ...chain("arriving", { type: "nat", hook: "prerouting", priority: -100 }, families.flatMap(translation)),
    ...chain("leaving-host", { type: "nat", hook: "output", priority: -100 }, families.flatMap(translation)),
    ...chain("forward", { type: "filter", hook: "forward", priority: FIRST }, isolation()),
    ...chain("outgoing", { type: "nat", hook: "postrouting", priority: 100 }, masquerading()),
  ];
}
