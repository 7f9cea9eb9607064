import { createHash } from "node:crypto";
import { InroError } from "../../oci/error.ts";
import type { NetworkDetails } from "../engine.ts";
import { NEVER } from "../state.ts";

/** The engine's networks, found by name, id, or unique prefix of an id. */
export interface NetworkShelf {
  /** The three that every engine has, then those that were made. */
  all(): readonly NetworkDetails[];
  made(): readonly NetworkDetails[];
  /** NO_SUCH_NETWORK, AMBIGUOUS_ID. */
  find(network: string): NetworkDetails;
  byName(name: string): NetworkDetails | undefined;
  put(network: NetworkDetails): void;
  remove(network: NetworkDetails): void;
  /** Nobody finds it while `work` removes what there is of it; it is back if that fails. */
  leave(network: NetworkDetails, work: () => Promise<void>): Promise<void>;
  /** Until all that are leaving have gone, or are back. */
  left(): Promise<void>;
}

/** Ids of the predefined follow from what they stand for, so that they stay the same. */
const predefined = (["bridge", "host", "none"] as const).map(
  (name): NetworkDetails => ({
    id: createHash("sha256").update(`inro network ${name}`).digest("hex"),
    name,
    created: NEVER,
    driver: name === "none" ? "null" : name,
    settled: null,
    auxiliary: [],
    attachable: false,
    labels: {},
    options: {},
    predefined: true,
  }),
);

export function newNetworkShelf(): NetworkShelf {
  const byName = new Map(predefined.map((network) => [network.name, network]));
  const all = () => [...byName.values()];
  const leaving = new Set<Promise<void>>();
  return {
    all,
    made: () => all().filter((network) => !network.predefined),
    find: (network) => byName.get(network) ?? byId(all(), network),
    byName: (name) => byName.get(name),
    put: (network) => void byName.set(network.name, network),
    remove: (network) => void byName.delete(network.name),
    async leave(network, work) {
      byName.delete(network.name);
      const going = work();
      leaving.add(going);
      try {
        await going;
      } catch (error) {
        byName.set(network.name, network);
        throw error;
      } finally {
        leaving.delete(going);
      }
    },
    async left() {
      await Promise.allSettled(leaving);
    },
  };
}

function byId(all: readonly NetworkDetails[], wanted: string): NetworkDetails {
  const matches = wanted === "" ? [] : all.filter(({ id }) => id.startsWith(wanted));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (only !== undefined)
    throw new InroError("AMBIGUOUS_ID", {
      what: `cannot tell which network "${wanted}" is`,
      why: `network ${wanted} is ambiguous (${matches.length} matches found on id prefix)`,
      hint: "write more of the id",
    });
  throw new InroError("NO_SUCH_NETWORK", {
    what: `cannot find the network "${wanted}"`,
    why: `network ${wanted} not found`,
    hint: "list them with: inro network ls",
  });
}
