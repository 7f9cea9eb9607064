/** Garbage collection by mark and sweep: what no manifest of the index leads to goes. */
import { rm } from "node:fs/promises";
import type { Digest } from "../oci/digest.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { Snapshots } from "./snapshot/snapshots.ts";

export interface Reachable {
  readonly blobs: ReadonlySet<Digest>;
  readonly snapshots: ReadonlySet<Digest>;
}

/** Must not run beside a pull or a load, whose blobs nothing leads to yet. */
export async function sweep(kept: Reachable, blobs: Blobs, snapshots: Snapshots): Promise<void> {
  for (const path of await blobs.strays()) await rm(path, { recursive: true, force: true });
  for (const digest of await blobs.list()) if (!kept.blobs.has(digest)) await blobs.remove(digest);
  for (const chainId of await snapshots.list())
    if (!kept.snapshots.has(chainId)) await snapshots.remove(chainId);
}

/** Runs sweeps when no other work is going on: at once, or when the last of it ends. */
export function sweeper(run: () => Promise<void>): {
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Nothing is swept until the answer is called. */
  hold(): Promise<() => void>;
  want(): Promise<void>;
  /** Answers whether, from now on, nobody but the asker, who works, has been at work. */
  watch(): () => boolean;
} {
  let working = 0;
  let begun = 0;
  let wanted = false;
  let running: Promise<void> = Promise.resolve();
  const attempt = async () => {
    if (working > 0 || !wanted) return;
    wanted = false;
    running = run().catch((error: unknown) => {
      wanted = true;
      throw error;
    });
    await running;
  };
  const begin = async () => {
    working++;
    begun++;
    await running.catch(() => {});
  };
  const end = async () => {
    working--;
    await attempt().catch(() => {});
  };
  return {
    async during(work) {
      await begin();
      try {
        return await work();
      } finally {
        await end();
      }
    },
    async hold() {
      await begin();
      return () => void end();
    },
    watch() {
      const [alone, since] = [working === 1, begun];
      return () => alone && begun === since;
    },
    async want() {
      wanted = true;
      await attempt();
    },
  };
}
