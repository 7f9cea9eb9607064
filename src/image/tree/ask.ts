import { frame } from "./frames.ts";
import type { Outbox } from "./outbox.ts";
import { openTree } from "./session.ts";

/**
 * One request beneath a folder that is answered by its end alone; the number that it answers. By a process of its own:
 * what works on whole trees takes its time, and Bun has few threads. Throws TREE_FAILED.
 */
export async function askTree(
  native: string,
  folder: string,
  request: keyof typeof frame,
  put: (outbox: Outbox) => void,
): Promise<number> {
  await using session = await openTree(native, { kind: "folder", path: folder });
  session.outbox.begin(frame[request]);
  put(session.outbox);
  session.outbox.end();
  await session.flush();
  return await session.done();
}
