import { type Mapping, member, type Node, type Sequence, textOf } from "../node.ts";
import { branches } from "../path.ts";
import { dependency, hostsOf, listOf, mappingAt, namesOf, pairsOf, scalarAt } from "./forms.ts";

/**
 * How two values become one where it is not as their kinds say (mappings by member, lists one behind the other, the
 * later scalar). 13-merge.md; 05-services.md, "Merging service definitions".
 */
export interface Rule {
  /** The later one stands alone. */
  readonly replace?: true;
  /** Of a value that is not a mapping, where the other is one (or always). */
  readonly long?: { readonly always: boolean; of(node: Node): Node };
  /** Whether two mappings are one at all. */
  readonly alike?: (base: Mapping, over: Mapping) => boolean;
}

const sequence =
  (of: (list: Sequence) => Node) =>
  (node: Node): Node =>
    node.kind === "sequence" ? of(node) : node;

const replace: Rule = { replace: true };
const list: Rule = { long: { always: true, of: listOf } };
const pairs: Rule = { long: { always: false, of: sequence(pairsOf) } };
const hosts: Rule = { long: { always: true, of: sequence(hostsOf) } };

/** Where a list of pairs stands, or a mapping. */
export const PAIRS = [
  "services.*.annotations",
  "services.*.build.additional_contexts",
  "services.*.build.args",
  "services.*.build.labels",
  "services.*.build.ssh",
  "services.*.deploy.labels",
  "services.*.environment",
  "services.*.labels",
  "services.*.sysctls",
  "networks.*.labels",
  "volumes.*.labels",
  "secrets.*.labels",
  "configs.*.labels",
] as const;

const asPairs: Readonly<Record<string, Rule>> = Object.fromEntries(PAIRS.map((path) => [path, pairs]));

export const RULES = branches<Rule>({
  ...asPairs,
  "services.*.build": {
    long: {
      always: true,
      of: (node) =>
        node.kind === "scalar" && node.value !== null ? mappingAt(node, [["context", node]]) : node,
    },
  },
  "services.*.build.extra_hosts": hosts,
  "services.*.build.ulimits.*": replace,
  "services.*.command": replace,
  "services.*.depends_on": { long: { always: true, of: sequence(namesOf(dependency)) } },
  "services.*.dns": list,
  "services.*.dns_search": list,
  "services.*.entrypoint": replace,
  "services.*.env_file": list,
  "services.*.extends": replace,
  "services.*.extra_hosts": hosts,
  "services.*.extra_hosts.*": replace,
  "services.*.build.extra_hosts.*": replace,
  "services.*.gpus": replace,
  "services.*.healthcheck.test": replace,
  "services.*.label_file": list,
  "services.*.logging": {
    alike: (base, over) => {
      const driver = textOf(member(over, "driver"));
      return driver === undefined || driver === (textOf(member(base, "driver")) ?? driver);
    },
  },
  "services.*.models": { long: { always: true, of: sequence(namesOf((item) => mappingAt(item, []))) } },
  "services.*.networks": { long: { always: true, of: sequence(namesOf((item) => scalarAt(item, null))) } },
  "services.*.tmpfs": list,
  "services.*.ulimits.*": replace,
  "networks.*.external": replace,
  "volumes.*.external": replace,
  "secrets.*.external": replace,
  "configs.*.external": replace,
});
