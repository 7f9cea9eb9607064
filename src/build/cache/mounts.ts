/** Folders that RUN --mount=type=cache keeps from one build to the next, by their ids. */
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { treeSize } from "../../engine/files/size.ts";
import { Mutex } from "../../engine/mutex.ts";
import { endOf } from "../../image/end-of.ts";
import type { Stack } from "../../image/images.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { countUse, type MountRecord, readMountRecord, writeMountRecord } from "./mount-record.ts";

export interface CacheMountRequest {
  readonly id: string;
  readonly sharing: "shared" | "private" | "locked";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** What a new one begins with. */
  readonly seed: { readonly path: string; stack(): Promise<Stack> } | null;
}

export interface CacheMounts {
  /**
   * The folder, held until it is given back: `locked` by one step at a time; `private` another one for each step that
   * uses it at the same time. Rejects when the signal is aborted while it waits.
   */
  open(request: CacheMountRequest, signal: AbortSignal): Promise<{ readonly path: string } & AsyncDisposable>;
  list(): Promise<readonly CacheMountView[]>;
  /** Unless somebody uses it. */
  remove(path: string): Promise<void>;
}

export interface CacheMountView {
  readonly name: string;
  readonly path: string;
  readonly record: MountRecord;
  /** That its files take on the disk. */
  readonly bytes: number;
  readonly isUsed: boolean;
}

export interface CacheMountsOptions {
  readonly folder: string;
  /** Copies a part of a stack's files into an empty folder. */
  fill(folder: string, stack: Stack, path: string): Promise<void>;
  discard(path: string): Promise<void>;
}

const nameOf = (id: string) => hexOf(digestOf(id)).slice(0, 24);

export async function openCacheMounts({ folder, fill, discard }: CacheMountsOptions): Promise<CacheMounts> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Half made or half removed by an engine that ended.
  for (const name of readdirSync(folder)) if (name.startsWith(".")) await discard(join(folder, name));
  const locks = new Map<string, Mutex>();
  const users = new Map<string, number>();
  const makings = new Map<string, Promise<void>>();
  const weighed = new Map<string, { readonly uses: number; readonly bytes: number }>();

  /** Made under another name: what bears its own is whole. R8: nobody leads the way to it anywhere else. */
  const make = async (path: string, { id, mode, uid, gid, seed }: CacheMountRequest) => {
    if (existsSync(path)) return;
    const fresh = join(folder, `.tmp-${randomBytes(8).toString("hex")}`);
    const data = join(fresh, "data");
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const now = Date.now();
    writeMountRecord(fresh, { id, createdAt: now, usedAt: now, uses: 0 });
    if (seed !== null) await fill(data, await seed.stack(), seed.path);
    chownSync(data, uid, gid);
    chmodSync(data, mode);
    renameSync(fresh, path);
  };

  const made = async (path: string, request: CacheMountRequest) => {
    const making = makings.get(path) ?? make(path, request).finally(() => makings.delete(path));
    makings.set(path, making);
    await making;
  };

  const free = (name: string): string => {
    for (let n = 0; ; n++) {
      const path = join(folder, n === 0 ? name : `${name}-${n}`);
      if (!users.has(path)) return path;
    }
  };

  const locked = async (path: string, signal: AbortSignal): Promise<() => void> => {
    const lock = locks.get(path) ?? new Mutex();
    locks.set(path, lock);
    const holding = lock.hold();
    try {
      await endOf(holding, signal);
      return await holding;
    } catch (cause) {
      void holding.then((release) => release());
      throw cause;
    }
  };

  /** A walk over all of it, once for each use. */
  const weigh = async (path: string, { uses }: MountRecord): Promise<number> => {
    const known = weighed.get(path);
    if (known?.uses === uses && !users.has(path)) return known.bytes;
    const bytes = await treeSize(join(path, "data"));
    if (!users.has(path)) weighed.set(path, { uses, bytes });
    return bytes;
  };

  return {
    async open(request, signal) {
      const name = nameOf(request.id);
      const path = request.sharing === "private" ? free(name) : join(folder, name);
      users.set(path, (users.get(path) ?? 0) + 1);
      const leave = () => {
        const left = (users.get(path) ?? 1) - 1;
        if (left === 0) users.delete(path);
        else users.set(path, left);
      };
      try {
        const release = request.sharing === "locked" ? await locked(path, signal) : () => {};
        try {
          await made(path, request);
        } catch (cause) {
          release();
          throw cause;
        }
        countUse(path);
        return {
          path: join(path, "data"),
          async [Symbol.asyncDispose]() {
            release();
            leave();
          },
        };
      } catch (cause) {
        leave();
        throw cause;
      }
    },
    async list() {
      const names = readdirSync(folder).filter((name) => !name.startsWith("."));
      const views: CacheMountView[] = [];
      for (const name of names) {
        const path = join(folder, name);
        const record = readMountRecord(path);
        if (record === undefined) continue;
        views.push({ name, path, record, bytes: await weigh(path, record), isUsed: users.has(path) });
      }
      return views;
    },
    async remove(path) {
      if (users.has(path)) return;
      weighed.delete(path);
      const gone = join(folder, `.tmp-${randomBytes(8).toString("hex")}`);
      renameSync(path, gone);
      await discard(gone);
    },
  };
}
