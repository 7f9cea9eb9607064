import { fromText } from "./entry.ts";
import { frame } from "./frames.ts";
import { openTree } from "./session.ts";

/**
 * Puts a file of the folder on disk, or without a name the folder's whole file system. By a process of its own: fsync
 * can take seconds, and Bun has few threads, which would then neither decompress nor write for anyone else.
 */
export async function syncIn(native: string, folder: string, name = ""): Promise<void> {
  await using session = await openTree(native, { kind: "folder", path: folder });
  session.outbox.begin(frame.sync);
  session.outbox.string(fromText(name));
  session.outbox.end();
  await session.flush();
  await session.done();
}
