/** What a tree session sends of a tree, as a tar. */
import type { TarEntry } from "../tar/entry.ts";
import { tarEnd, tarHeader, tarPadding } from "../tar/writer.ts";
import type { TreeEntry } from "./entry.ts";
import { frame } from "./frames.ts";
import { decodeEntry } from "./inbox.ts";
import type { TreeSession } from "./session.ts";

/** Bytes that small parts are gathered into: handing on each header, padding and small file costs more than copying it. */
const chunkSize = 64 * 1024;
const large = 32 * 1024;

/** The parts in chunks that are the taker's to keep; large parts pass as they are. */
export function gatherer() {
  let chunk = Buffer.allocUnsafeSlow(chunkSize);
  let [begin, used] = [0, 0];
  function* rest(): Generator<Uint8Array> {
    if (used === begin) return;
    const part = chunk.subarray(begin, used);
    begin = used;
    yield part;
  }
  function* add(part: Uint8Array): Generator<Uint8Array> {
    if (part.length >= large) {
      yield* rest();
      return yield part;
    }
    if (used + part.length > chunkSize) {
      yield* rest();
      chunk = Buffer.allocUnsafeSlow(chunkSize);
      [begin, used] = [0, 0];
    }
    chunk.set(part, used);
    used += part.length;
  }
  return { add, rest };
}

/** The tar of what was asked for with `read`; an entry that `convert` answers undefined for stays out, with its data. */
export async function* tarOf(
  session: TreeSession,
  convert: (entry: TreeEntry) => TarEntry | undefined,
): AsyncGenerator<Uint8Array> {
  const { add, rest } = gatherer();
  let left = 0;
  let size = 0;
  let wanted = false;
  for (;;) {
    const { type, payload } = await session.next();
    if (type === frame.data) {
      if (!wanted) continue;
      left -= payload.length;
      yield* add(payload);
      if (left === 0) yield* add(tarPadding(size));
    } else if (type === frame.entry) {
      const entry = convert(decodeEntry(payload));
      wanted = entry !== undefined;
      if (entry === undefined) continue;
      size = left = entry.size;
      yield* add(tarHeader(entry));
    } else break;
  }
  yield* add(tarEnd);
  yield* rest();
}
