/** What a program wrote, and where. With a terminal there is stdout alone. */
export interface Output {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
}

const HEADER = 8;

/** Docker's frames (Engine API, "Stream format"): a byte that names the stream, three zeros, the length in four bytes. */
export async function* framed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Output, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER) {
      const end = HEADER + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield { stream: rest[0] === 2 ? "stderr" : "stdout", bytes: rest.subarray(HEADER, end) };
      rest = rest.subarray(end);
    }
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
