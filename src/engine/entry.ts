import type { Rootfs } from "../oci/rootfs.ts";
import type { Container, ExecSession } from "../runtime/runtime.ts";
import type { Successor } from "./edit/settle.ts";
import type { WaitCondition } from "./engine.ts";
import { Mutex } from "./mutex.ts";
import type { ContainerFortune, ContainerOrigin, ContainerRecord } from "./records.ts";
import type { ExitReport } from "./state.ts";
import type { PendingStream } from "./streams/pending.ts";

interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (report: ExitReport) => void;
}

/** One container as the engine holds it while it runs: its record and what belongs to this process alone. */
export class Entry {
  readonly id: string;
  name: string;
  origin: ContainerOrigin;
  fortune: ContainerFortune;
  /** start, the handling of an end, rename and removal take turns; stop and kill only send signals. */
  readonly turn = new Mutex();
  /** One edit after the other. */
  readonly edits = new Mutex();
  /** What it becomes with its next start, if that succeeds: an edit is under way. */
  successor: Successor | null = null;
  /** The runtime's hold on it, from the start gate to the end. */
  live: Container | null = null;
  /** Prepared and locked, or null. */
  rootfs: Rootfs | null = null;
  /** Clients that attached before the start. */
  readonly joining = new Set<PendingStream>();
  readonly execs = new Map<string, ExecSession>();
  /** A restart by policy that waits for its delay. */
  restartTimer: NodeJS.Timeout | null = null;
  /** How long it waited for the last one, in milliseconds; 0: nobody but a user has started it. */
  restartDelay = 0;
  /** Between the stop and the start of a restart: `--rm` does not take it now. */
  restarting = false;
  /** Removal has begun: no new start. */
  leaving = false;
  #waiters = new Set<Waiter>();

  constructor(record: ContainerRecord) {
    this.id = record.id;
    this.name = record.name;
    this.origin = record.origin;
    this.fortune = record.fortune;
  }

  /** Registered when it returns; an aborted wait is forgotten and never answered. */
  waitFor(condition: WaitCondition, signal?: AbortSignal): Promise<ExitReport> {
    return new Promise((resolve) => {
      const waiter = { condition, resolve };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", () => this.#waiters.delete(waiter), { once: true });
    });
  }

  /** Tells all who wait for one of the conditions. */
  announce(conditions: readonly WaitCondition[], report: ExitReport): void {
    for (const waiter of this.#waiters) {
      if (!conditions.includes(waiter.condition)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(report);
    }
  }
}
