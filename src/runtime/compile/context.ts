import type { Act } from "../../kernel/plan/act.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { PlanFragment } from "../../kernel/plan/fragment.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import type { Plan } from "../../kernel/plan/plan.ts";
import type { MountDetails, Rootfs } from "../../oci/rootfs.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import type { HostFacts } from "../facts.ts";
import type { LogTarget } from "../runtime.ts";
import type { Setgroups } from "./entry.ts";
import type { NetDevice } from "./net-devices.ts";

/** What the survey learnt of a bind mount's source, and the slot of its detached clone. */
export interface BindSource {
  readonly slot: Slot;
  readonly directory: boolean;
}

/** Who stays with the container. */
export type Keeper =
  /** Our monitor: it owns the streams, the log and the exit file. */
  | {
      readonly kind: "monitor";
      readonly folder: string;
      readonly socketFolder: string;
      readonly log: LogTarget | null;
      readonly exitFile: string;
      readonly openStdin: boolean;
      readonly stdinOnce: boolean;
    }
  /**
   * The caller of the OCI command line: streams are inherited, and as many `descriptors` behind them; the start comes
   * through a FIFO, if one is named. `claim`: the file whose maker calls the poststop hooks; undefined where the container
   * stays after its end, and they are its deletion's to call.
   */
  | {
      readonly kind: "caller";
      readonly fifo: string | undefined;
      readonly descriptors: number;
      readonly claim: string | undefined;
    };

/** Everything that a plan is compiled from; compiling looks at nothing else. */
export interface CompileInput {
  readonly id: string;
  readonly spec: RuntimeSpec;
  readonly rootfs: Rootfs;
  readonly mountDetails?: MountDetails;
  /** Absolute: where hooks find config.json. */
  readonly bundle: string;
  readonly facts: HostFacts;
  /** By index into spec.mounts. */
  readonly sources: ReadonlyMap<number, BindSource>;
  /** By name. */
  readonly netDevices: ReadonlyMap<string, NetDevice>;
  /** Where the host has the specification's devices (`nodeKey`): in a user namespace they are bound. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly setgroups: Setgroups;
  /** The first slot that the survey left free. */
  readonly firstSlot: Slot;
  /** The assembled filter of linux.seccomp. */
  readonly filter: Uint8Array | undefined;
  /** Absolute below every hierarchy's mount: `/inro/<id>`. */
  readonly cgroupPath: string;
  readonly keeper: Keeper;
  readonly useInit: boolean;
  /** A session keyring of its own, instead of the caller's. */
  readonly newKeyring: boolean;
  readonly fragments: readonly PlanFragment[];
  readonly becauseOf: (pointer: string) => string;
}

/** A plan while it is being written. */
export interface Draft {
  readonly plan: { readonly [A in Act]: Op[] };
  /** Nodes of a user namespace's /dev, which can be mounted once /dev is attached. */
  readonly boundNodes: Op[];
  newSlot(): Slot;
}

export function newDraft(firstSlot: Slot): Draft {
  let next = firstSlot;
  return {
    plan: { host: [], clone: [], map: [], build: [], confine: [], become: [], undo: [] },
    boundNodes: [],
    newSlot: () => next++,
  };
}

export const finish = (draft: Draft): Plan => draft.plan;

/** Numbered syncs between the executor (act map) and the child (act build). */
export const POINT = { mapped: 1, connected: 2, limited: 3, built: 4, hooked: 5, listening: 6 } as const;

// include/uapi/linux/sched.h
export const CLONE = {
  time: 0x00000080,
  mount: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  user: 0x10000000,
  pid: 0x20000000,
  network: 0x40000000,
} as const;

/** `/a/./b/` as the path beneath a root that operations take: `a/b`; the root itself is "". `..` stays for the kernel. */
export function beneath(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}
