/** One HTTP/1.1 message as it passed by. */
export interface Message {
  /** `GET /info HTTP/1.1`, or `HTTP/1.1 200 OK`. */
  readonly first: string;
  readonly headers: ReadonlyMap<string, string>;
  /** Whole where it is JSON, else empty. */
  readonly body: Buffer;
}

export type Framing = "none" | "end" | "any";

/**
 * Reads the messages of one direction of a connection. `framing` says of a head whether its message has no body
 * whatever its headers say, or whether what follows is no HTTP any more ("end").
 */
export function messages(
  framing: (first: string, headers: Message["headers"]) => Framing,
  heard: (message: Message) => void,
): { read(part: Buffer): void; close(): void } {
  let pending: Buffer = Buffer.alloc(0);
  let head: { first: string; headers: Map<string, string>; kept: Buffer[] } | undefined;
  /** Bytes of the body, or of its chunk, that are still to come; "size": a chunk's head is next. */
  let left: number | "size" | "until close" = 0;
  let ended = false;

  const finish = () => {
    const { first, headers, kept } = head as NonNullable<typeof head>;
    head = undefined;
    heard({ first, headers, body: Buffer.concat(kept) });
  };

  const line = (): string | undefined => {
    const end = pending.indexOf("\r\n");
    if (end < 0) return undefined;
    const text = pending.toString("latin1", 0, end);
    pending = pending.subarray(end + 2);
    return text;
  };

  const beginning = (): boolean => {
    // What ends a chunked body comes after its last chunk.
    while (pending[0] === 0x0d && pending[1] === 0x0a) pending = pending.subarray(2);
    const end = pending.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const [first = "", ...fields] = pending.toString("latin1", 0, end).split("\r\n");
    pending = pending.subarray(end + 4);
    const headers = new Map(
      fields.map((field) => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }),
    );
    head = { first, headers, kept: [] };
    const framed = framing(first, headers);
    const length = headers.get("content-length");
    if (framed === "end") {
      finish();
      ended = true;
    } else if (framed === "none") finish();
    else if (headers.get("transfer-encoding") === "chunked") left = "size";
    else if (length !== undefined) left = Number(length);
    else left = first.startsWith("HTTP/") ? "until close" : 0;
    if (head !== undefined && left === 0) finish();
    return true;
  };

  const body = (): boolean => {
    const { headers, kept } = head as NonNullable<typeof head>;
    if (left === "size") {
      const size = line();
      if (size === undefined) return false;
      if (size === "") return true;
      const length = Number.parseInt(size, 16);
      if (length === 0) finish();
      else left = length;
      return true;
    }
    if (pending.length === 0) return false;
    const taken = pending.subarray(0, left === "until close" ? pending.length : left);
    pending = pending.subarray(taken.length);
    if (headers.get("content-type")?.startsWith("application/json")) kept.push(taken);
    if (left === "until close") return true;
    left -= taken.length;
    if (left > 0) return true;
    if (headers.get("transfer-encoding") === "chunked") left = "size";
    else finish();
    return true;
  };

  return {
    read(part) {
      if (ended) return;
      pending = pending.length === 0 ? part : Buffer.concat([pending, part]);
      while (!ended && (head === undefined ? beginning() : body()));
    },
    close() {
      if (head !== undefined && left === "until close") finish();
    },
  };
}
