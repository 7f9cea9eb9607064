/** The whole lines of what a process writes, as they come. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let held = "";
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    held += Buffer.from(chunk).toString();
    const parts = held.split("\n");
    held = parts.pop() ?? "";
    yield* parts;
  }
}
