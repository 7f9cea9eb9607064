import { existsSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Executor } from "../lasting-executor.ts";
import { wordsOf } from "../operations.ts";
import { insertion, ownRules, removals } from "./allow.ts";
import type { Ruleset } from "./judge.ts";
import { command, describe, obstacles, type Place, readRuleset } from "./look.ts";
import type { Way } from "./packet.ts";
import type { ForeignPolicy } from "./policy.ts";

const { ENOENT } = constants.errno;

/** The firewalls of others on this host, which an accept of ours cannot override. */
export interface Foreign {
  /** What stands in the way of these networks, a sentence each. */
  warnings(networks: readonly Way[]): Promise<readonly string[]>;
  /** Puts our rule where it is needed, as far as we may; cheap where we may not. */
  clear(networks: readonly Way[]): Promise<void>;
  /** Takes every rule of ours out of others' chains again. */
  withdraw(): Promise<void>;
}

export interface ForeignOptions {
  /** The engine's data root. */
  readonly root: string;
  readonly table: string;
  readonly executor: Executor;
  readonly policy: ForeignPolicy;
  readonly tell: (message: string) => void;
}

export function foreignFirewalls(options: ForeignOptions): Foreign {
  const { root, table, executor, policy, tell } = options;
  // It is there as long as there may be a rule of ours: a crash leaves both.
  const mark = join(root, "foreign-rule");
  const told = new Set<string>();

  const say = (line: string) => {
    if (!told.has(line)) tell(line);
    told.add(line);
  };
  const insert = async (ruleset: Ruleset, place: Place) => {
    const where = `the chain ${place.chain} of table ${place.family} ${place.table}`;
    const byHand = `add it with: ${command(place)}`;
    if (place.form === "iptables-legacy") return say(`a rule is needed in ${where}; ${byHand}`);
    writeFileSync(mark, "", { mode: 0o600 });
    let [done] = await executor.batch([insertion(table, place, ruleset)]);
    // A kernel without nft_compat: iptables is not at work there, whatever the chain is called.
    if (done?.errno === ENOENT && place.form === "iptables")
      [done] = await executor.batch([insertion(table, { ...place, form: "nft" }, ruleset)]);
    if (done?.errno === 0) return say(`a rule in ${where} lets containers' packets pass`);
    say(`cannot add a rule to ${where}: ${wordsOf(done)}; ${byHand}`);
  };
  const clear = async (networks: readonly Way[]) => {
    const ruleset = await readRuleset(executor);
    for (const { place } of obstacles(ruleset, table, networks)) await insert(ruleset, place);
  };
  // One after the other: each sees the rule that the one before has added.
  let clearing: Promise<void> = Promise.resolve();
  return {
    warnings: async (networks) => obstacles(await readRuleset(executor), table, networks).map(describe),
    clear: (networks) => {
      if (policy !== "allow") return Promise.resolve();
      const done = clearing.then(() => clear(networks));
      clearing = done.catch(() => {});
      return done;
    },
    withdraw: async () => {
      if (!existsSync(mark)) return;
      for (const op of removals(table, await readRuleset(executor))) await executor.batch([op]);
      if (ownRules(table, await readRuleset(executor)).length === 0) rmSync(mark, { force: true });
    },
  };
}
