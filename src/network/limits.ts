import type { PlanFragment } from "../kernel/plan/fragment.ts";
import type { AttachmentRecord } from "./attachment.ts";
import type { Bandwidth, Direction, Limit, Shaper } from "./bandwidth.ts";
import type { Executor } from "./lasting-executor.ts";
import { shape, sweepLimits, unshape } from "./reshape.ts";
import { newDevice, shaperFragment } from "./shaper.ts";

export interface LimitsRequest {
  readonly containerId: string;
  readonly bandwidth: Bandwidth;
  /** By name, those that it is or will be in. */
  readonly networks: readonly string[];
  /** What it has already. */
  readonly before: Shaper | null;
  /** It runs already: `change` follows. */
  readonly joined: boolean;
}

/** What holds containers to their bandwidth. */
export interface Limits {
  /** Names what has to be there; nothing is made yet. null: nothing has to. */
  plan(request: LimitsRequest): Shaper | null;
  /** What the plan of a container does, before its connections. */
  fragment(shaper: Shaper): PlanFragment;
  /** At once, for a container that runs. Done twice, it is done. NETWORK_SETUP_FAILED. */
  change(from: Shaper | null, to: Shaper | null, attachments: readonly AttachmentRecord[]): Promise<void>;
  /** `undone`: the monitor has told the container's end, and so undone what its plan did. */
  remove(shaper: Shaper, how?: { readonly undone?: boolean }): Promise<void>;
  /** After the daemon's restart: removes what is nobody's. */
  sweep(known: readonly Shaper[]): Promise<void>;
}

/** The kernel's for an interface that nobody gave another. */
const DEFAULT_MTU = 1500;

export function limits(o: {
  readonly executor: Executor;
  readonly table: string;
  readonly mtuOf: (network: string) => number | null;
}): Limits {
  const { executor, table } = o;
  return {
    plan: ({ containerId, bandwidth, networks, before, joined }) => {
      const of = (direction: Direction): Limit | null => {
        const rate = bandwidth[direction];
        if (rate === null) return null;
        return { device: newDevice(direction), joined, ...before?.[direction], rate };
      };
      if (bandwidth.in === null && bandwidth.out === null) return null;
      const mtu = Math.max(DEFAULT_MTU, ...networks.map((name) => o.mtuOf(name) ?? 0));
      return { containerId, mtu, in: of("in"), out: of("out") };
    },
    fragment: (shaper) => shaperFragment(table, shaper),
    change: (from, to, attachments) => shape(executor, table, { from, to, attachments }),
    remove: (shaper, { undone = false } = {}) => unshape(executor, shaper, undone),
    sweep: (known) => sweepLimits(executor, table, known),
  };
}
