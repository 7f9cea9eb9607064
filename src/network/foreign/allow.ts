import { constants } from "node:os";
import { encodeBatch } from "../../kernel/nftables/batch.ts";
import type { Expression } from "../../kernel/nftables/expression.ts";
import { hostNumbers } from "../../kernel/nftables/values.ts";
import { type About, type Netlink, netfilter } from "../operations.ts";
import { PASSED } from "../rules.ts";
import type { Ruleset } from "./judge.ts";
import type { Place } from "./look.ts";

/** Names the engine by its table: what another engine has added is not ours to remove. */
export const commentOf = (table: string): string => `${table}: what this table lets pass`;

/** Puts the rule into somebody else's chain, before all others: one that lost that place is put there anew. */
export const insertion = (table: string, place: Place, ruleset: Ruleset): Netlink =>
  netfilter(
    encodeBatch([
      ...ownRules(table, ruleset)
        .filter(
          (rule) => rule.family === place.family && rule.table === place.table && rule.chain === place.chain,
        )
        .map(({ handle }) => ({ kind: "delete-rule", ...place, handle }) as const),
      {
        ...{ kind: "insert-rule", family: place.family, table: place.table, chain: place.chain },
        rule: place.form === "iptables" ? iptablesRule(table) : nativeRule,
        comment: place.form === "iptables" ? "" : commentOf(table),
      },
    ]),
    about(`let pass in the chain ${place.chain} of table ${place.family} ${place.table}`),
  );

/** Removes those that carry our comment, each on its own: a chain may be gone by now. */
export const removals = (table: string, ruleset: Ruleset): Netlink[] =>
  ownRules(table, ruleset).map(({ family, table: other, chain, handle }) =>
    netfilter(
      encodeBatch([{ kind: "delete-rule", family, table: other, chain, handle }]),
      about(`take our rule out of the chain ${chain} of table ${family} ${other}`, ENOENT),
    ),
  );

export const ownRules = (table: string, { rules }: Ruleset) =>
  [...rules.values()].flat().filter(({ comment }) => comment === commentOf(table));

const { ENOENT } = constants.errno;

const about = (what: string, tolerate = 0): About => ({
  ...{ what, tolerate, because: "--firewall-foreign=allow" },
});

const accept: Expression = { kind: "verdict", verdict: "accept" };

const nativeRule: readonly Expression[] = [
  { kind: "load", field: "mark", register: 0 },
  { kind: "mask", register: 0, mask: hostNumbers(PASSED) },
  { kind: "compare", register: 0, is: "equal", to: hostNumbers(PASSED) },
  { kind: "counter" },
  accept,
];

/** xt_comment.h: XT_MAX_COMMENT_LEN. */
const COMMENT_LENGTH = 256;

/** As iptables would have made it: a rule in another form, and it refuses to work on the whole table. */
function iptablesRule(table: string): readonly Expression[] {
  const comment = new Uint8Array(COMMENT_LENGTH);
  comment.set(new TextEncoder().encode(commentOf(table)));
  return [
    // struct xt_mark_mtinfo1: mark, mask, not inverted; filled up to eight bytes' edge.
    { kind: "iptables-match", name: "mark", revision: 1, info: hostNumbers(PASSED, PASSED, 0, 0) },
    { kind: "iptables-match", name: "comment", revision: 0, info: comment },
    { kind: "counter" },
    accept,
  ];
}
