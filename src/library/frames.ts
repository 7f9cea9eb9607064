import { demultiplexer } from "../oci/stream-frames.ts";

/** What a program wrote, and where. With a terminal there is stdout alone. */
export interface Output {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
}

/** What comes in Docker's frames, in the pieces that it comes in. */
export async function* framed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Output, void> {
  const come: Output[] = [];
  const take = demultiplexer((stream, bytes) => come.push({ stream, bytes }));
  for await (const chunk of source) {
    take(chunk);
    yield* come.splice(0);
  }
}

export async function* unframed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Output, void> {
  for await (const bytes of source) yield { stream: "stdout", bytes };
}

export interface Line {
  readonly stream: "stdout" | "stderr";
  /** Without its end. */
  readonly text: string;
}

/** Whole lines of each stream, and what is left at the end. */
export async function* linesOf(source: AsyncIterable<Output>): AsyncGenerator<Line, void> {
  const kept = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const { stream, bytes } of source) {
    const lines = (kept[stream] + decoders[stream].decode(bytes, { stream: true })).split("\n");
    kept[stream] = lines.pop() ?? "";
    for (const text of lines) yield { stream, text };
  }
  for (const stream of ["stdout", "stderr"] as const)
    if (kept[stream] !== "") yield { stream, text: kept[stream] };
}
