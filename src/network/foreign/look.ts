import {
  type Chain,
  decodeChain,
  decodeRule,
  encodeGetChains,
  encodeGetRules,
} from "../../kernel/nftables/ruleset.ts";
import { hooks } from "../../kernel/nftables/values.ts";
import { readLegacyTable } from "../../platform/ip-tables.ts";
import type { Executor } from "../lasting-executor.ts";
import { netfilter, repliesIn } from "../operations.ts";
import { PASSED } from "../rules.ts";
import { keyOf, passes, type Ruleset } from "./judge.ts";
import { LEGACY, legacyRuleset } from "./legacy.ts";
import { packetsOf, type Way } from "./packet.ts";

/** An answer has room for 4 MiB (native/operate.h): of a table of more rules nothing is said, rather than something wrong. */
const MOST = 4_000_000;

/**
 * The chains of the host's network, and the rules of those tables that judge forwarded packets. What changes while it is read
 * may be missed.
 */
export async function readRuleset(executor: Executor): Promise<Ruleset> {
  const ask = (messages: Uint8Array, what: string) => netfilter(messages, { what, because: "the firewall" });
  const [found] = await executor.batch([ask(encodeGetChains(), "list the firewall's chains")]);
  const chains = repliesIn(found).flatMap((reply) => decodeChain(reply) ?? []);
  const tables = new Map(chains.filter(judges).map((chain) => [`${chain.family} ${chain.table}`, chain]));
  const asked = [...tables].map(([name, { family, table }]) =>
    ask(encodeGetRules(family, table), `list the rules of table ${name}`),
  );
  const answers = asked.length === 0 ? [] : await executor.batch(asked);
  const unread = [...tables.keys()].filter((_, at) => (answers[at]?.data?.length ?? 0) > MOST);
  const rules = answers.flatMap(repliesIn).flatMap((reply) => decodeRule(reply) ?? []);
  const legacy = (["ip", "ip6"] as const).flatMap((family) => {
    const old = readLegacyTable(family, "filter");
    return old === undefined ? [] : legacyRuleset(family, old);
  });
  const read = chains.filter(({ family, table }) => !unread.includes(`${family} ${table}`));
  return {
    chains: [...read, ...legacy.flatMap((old) => old.chains)],
    rules: Map.groupBy([...rules, ...legacy.flatMap((old) => old.rules)], ({ family, table, chain }) =>
      keyOf(family, table, chain),
    ),
  };
}

const judges = ({ hook }: Chain) => hook?.number === hooks.forward && hook.type === "filter";

/** A chain of somebody else that would drop what our own table lets pass. */
export interface Obstacle {
  readonly chain: Chain;
  /** In words: what would be dropped, of which networks. */
  readonly drops: readonly string[];
  readonly networks: readonly string[];
  /** Whose it is, as far as that can be seen. */
  readonly owner: string;
  /** Where a rule that lets it pass belongs. */
  readonly place: Place;
}

export interface Place {
  readonly family: Chain["family"];
  readonly table: string;
  readonly chain: string;
  /** Whose form a rule has there: that of nft(8), of iptables that works on nftables, or of the old iptables beside it. */
  readonly form: "nft" | "iptables" | "iptables-legacy";
}

export function obstacles(ruleset: Ruleset, own: string, networks: readonly Way[]): Obstacle[] {
  const bases = ruleset.chains.filter((chain) => judges(chain) && chain.table !== own);
  return bases.flatMap((chain) => {
    const found = networks.map((network) => ({
      name: network.name,
      drops: packetsOf(network)
        .filter(([, packet]) => chain.family === packet.family || chain.family === "inet")
        .filter(([, packet]) => !passes(chain, ruleset, packet))
        .map(([what]) => what),
    }));
    const dropping = found.filter(({ drops }) => drops.length > 0);
    if (dropping.length === 0) return [];
    return {
      chain,
      drops: [...new Set(dropping.flatMap(({ drops }) => drops))],
      networks: dropping.map(({ name }) => name),
      owner: ownerOf(chain, ruleset),
      place: placeIn(chain, ruleset),
    };
  });
}

function formOf({ family, table, name }: Chain): Place["form"] {
  if (table === LEGACY) return "iptables-legacy";
  const isIptables = (family === "ip" || family === "ip6") && table === "filter" && name === "FORWARD";
  return isIptables ? "iptables" : "nft";
}

/** Docker leaves this chain to others, and keeps it over its own reloads. */
const DOCKER_USER = "DOCKER-USER";

function placeIn(chain: Chain, { rules }: Ruleset): Place {
  const { family, table, name } = chain;
  const leadsToUser = (rules.get(keyOf(family, table, name)) ?? []).some(({ expressions }) =>
    [...expressions].some(
      (part) => part.kind === "verdict" && part.verdict.kind === "jump" && part.verdict.chain === DOCKER_USER,
    ),
  );
  return { family, table, chain: leadsToUser ? DOCKER_USER : name, form: formOf(chain) };
}

const owners: readonly (readonly [RegExp, string])[] = [
  [/^DOCKER/, "Docker"],
  [/^ufw6?-/, "ufw"],
  [/^LIBVIRT_/, "libvirt"],
  [/^KUBE-/, "Kubernetes"],
];

function ownerOf(chain: Chain, { chains }: Ruleset): string {
  if (chain.table === "firewalld") return "firewalld";
  const beside = chains.filter(({ family, table }) => family === chain.family && table === chain.table);
  return owners.find(([pattern]) => beside.some(({ name }) => pattern.test(name)))?.[1] ?? "";
}

const BIT = `0x${PASSED.toString(16)}`;

/** The one rule that lets through what our table has let pass, as a command of the tool whose chain it is. */
export function command({ family, table, chain, form }: Place): string {
  const program = family === "ip6" ? form.replace("iptables", "ip6tables") : form;
  if (form !== "nft") return `${program} -I ${chain} -m mark --mark ${BIT}/${BIT} -j ACCEPT`;
  return `nft insert rule ${family} ${table} ${chain} meta mark and ${BIT} == ${BIT} accept`;
}

/** A sentence for people. */
export function describe({ chain, drops, networks, owner, place }: Obstacle): string {
  const whose = owner === "" ? "" : `, ${owner}'s`;
  const byUs = place.form === "iptables-legacy" ? "" : " (or inro serve --firewall-foreign=allow)";
  const named = networks.map((name) => `"${name}"`).join(", ");
  return (
    `the firewall's chain ${chain.name} (table ${chain.family} ${chain.table}${whose}) drops ${drops.join(", and ")} ` +
    `in ${networks.length === 1 ? "the network" : "the networks"} ${named}. Let it through with: ${command(place)}${byUs}`
  );
}
