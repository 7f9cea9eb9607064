/** What a tree session sends of a tree, as a tar. */
import type { TarEntry } from "../tar/entry.ts";
import { tarEnd, tarHeader, tarPadding } from "../tar/writer.ts";
import type { TreeEntry } from "./entry.ts";
import { frame } from "./frames.ts";
import { decodeEntry } from "./inbox.ts";
import type { TreeSession } from "./session.ts";

/** The tar of what was asked for with `read`; an entry that `convert` answers undefined for stays out, with its data. */
export async function* tarOf(
  session: TreeSession,
  convert: (entry: TreeEntry) => TarEntry | undefined,
): AsyncGenerator<Uint8Array> {
  let padding: Buffer = Buffer.alloc(0);
  let left = 0;
  let wanted = false;
  for (;;) {
    const { type, payload } = await session.next();
    if (type === frame.data) {
      if (!wanted) continue;
      left -= payload.length;
      yield payload;
      if (left === 0 && padding.length > 0) yield padding;
    } else if (type === frame.entry) {
      const entry = convert(decodeEntry(payload));
      wanted = entry !== undefined;
      if (entry === undefined) continue;
      left = entry.size;
      padding = tarPadding(entry.size);
      yield tarHeader(entry);
    } else break;
  }
  yield tarEnd;
}
