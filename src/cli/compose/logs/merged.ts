import { keyOf, type LogLine } from "./lines.ts";

/** The lines of all sources in the order of their times, each with its source's place among them; no more than one of each is held. */
export async function* merged(
  sources: readonly AsyncIterable<LogLine>[],
): AsyncGenerator<readonly [number, LogLine], void> {
  const streams = sources.map((source) => source[Symbol.asyncIterator]());
  const heads = await Promise.all(streams.map((stream) => stream.next()));
  for (;;) {
    let first = -1;
    let least = "";
    for (const [i, head] of heads.entries()) {
      if (head.done) continue;
      const key = keyOf(head.value.time);
      if (first < 0 || key < least) [first, least] = [i, key];
    }
    const head = heads[first];
    if (head === undefined || head.done) return;
    yield [first, head.value];
    heads[first] = (await streams[first]?.next()) ?? { done: true, value: undefined };
  }
}
