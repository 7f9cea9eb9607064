/** What a container changed in its image's files: a writable layer of overlayfs, or a root and what it is a copy of. */
import { join } from "node:path";
import type { Rootfs } from "../../oci/rootfs.ts";
import { fromText, toText } from "./entry.ts";
import { flag, frame, kind } from "./frames.ts";
import { decodeEntry } from "./inbox.ts";
import { openTree, type TreeSession } from "./session.ts";

export interface Change {
  /** From the root, with a slash. */
  readonly path: string;
  readonly deleted: boolean;
}

/** A session that was asked for the changes: entries as READ sends them of a layer, with `flag.bare` without data. */
export async function askChanges(native: string, rootfs: Rootfs, flags: number): Promise<TreeSession> {
  const path = rootfs.kind === "overlay" ? join(rootfs.folder, rootfs.upper) : rootfs.path;
  const session = await openTree(native, { kind: "folder", path });
  const { outbox } = session;
  if (rootfs.kind === "folder" && rootfs.copyOf !== undefined) {
    const { folder, at } = rootfs.copyOf;
    outbox.begin(frame.changes);
    outbox.string(fromText(folder));
    outbox.i64(at.seconds);
    outbox.u32(at.nanoseconds);
    outbox.u32(flags);
  } else {
    outbox.begin(frame.read);
    outbox.string("");
    outbox.u32(flags | flag.layer);
  }
  outbox.end();
  await session.flush();
  return session;
}

/** Every object that was added, changed or deleted, and the folders on the way to it; sorted by names. */
export async function* changesIn(native: string, rootfs: Rootfs): AsyncGenerator<Change> {
  await using session = await askChanges(native, rootfs, flag.bare);
  for (;;) {
    const { type, payload } = await session.next();
    if (type !== frame.entry) return;
    const entry = decodeEntry(payload);
    if (entry.path === "" || entry.kind === kind.opaque) continue;
    yield { path: `/${toText(entry.path)}`, deleted: entry.kind === kind.whiteout };
  }
}
