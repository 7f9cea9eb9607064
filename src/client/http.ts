import { InroError } from "../oci/error.ts";
import type { UnixStream } from "../platform/unix-stream.ts";

/** The first line and headers of an answer (RFC 9112); header names in lower case. */
export interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

const HEAD_LIMIT = 64 * 1024;

const broken = (why: string) =>
  new InroError("CONNECTION_LOST", {
    what: "cannot read the engine's answer",
    why,
    hint: "the daemon's log is inro.log in the exec root",
  });

/** Joins two pieces; most often the first is empty. */
function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

function endOfHead(bytes: Uint8Array): number {
  for (let i = 3; i < bytes.length; i++)
    if (bytes[i] === 10 && bytes[i - 1] === 13 && bytes[i - 2] === 10 && bytes[i - 3] === 13) return i + 1;
  return -1;
}

/** Reads an answer's head; what follows stays in the stream. */
export async function readHead(stream: UnixStream): Promise<Head> {
  let bytes: Uint8Array = new Uint8Array(0);
  for (;;) {
    const end = endOfHead(bytes);
    if (end >= 0) {
      stream.unread(bytes.subarray(end));
      return parseHead(new TextDecoder().decode(bytes.subarray(0, end)));
    }
    if (bytes.length > HEAD_LIMIT) throw broken("its head is too long");
    const more = await stream.read();
    if (more === null)
      throw broken(bytes.length === 0 ? "the connection was closed before it came" : "it ends in its head");
    bytes = join(bytes, more);
  }
}

export function parseHead(text: string): Head {
  const [first = "", ...lines] = text.trimEnd().split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw broken(`it is not HTTP: ${JSON.stringify(first.slice(0, 80))}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers };
}

/** The body's bytes, by the framing that the head tells (RFC 9112, 6.3). */
export function readBody(stream: UnixStream, head: Head, method: string): AsyncGenerator<Uint8Array, void> {
  if (method === "HEAD" || head.status === 204 || head.status === 304) return nothing();
  if (/\bchunked\b/i.test(head.headers.get("transfer-encoding") ?? "")) return chunked(stream);
  const length = head.headers.get("content-length");
  return length === undefined ? untilEnd(stream) : counted(stream, Number(length));
}

async function* nothing(): AsyncGenerator<Uint8Array, void> {}

async function* untilEnd(stream: UnixStream): AsyncGenerator<Uint8Array, void> {
  for (let part = await stream.read(); part !== null; part = await stream.read()) yield part;
}

async function* counted(stream: UnixStream, length: number): AsyncGenerator<Uint8Array, void> {
  for (let left = length; left > 0; ) {
    const part = await stream.read();
    if (part === null) throw broken(`it ends ${left} bytes too early`);
    if (part.length > left) stream.unread(part.subarray(left));
    const own = part.subarray(0, left);
    left -= own.length;
    yield own;
  }
}

async function readLine(stream: UnixStream): Promise<string> {
  let bytes: Uint8Array = new Uint8Array(0);
  for (;;) {
    const end = bytes.indexOf(10);
    if (end >= 0) {
      stream.unread(bytes.subarray(end + 1));
      return new TextDecoder().decode(bytes.subarray(0, end)).replace(/\r$/, "");
    }
    if (bytes.length > HEAD_LIMIT) throw broken("a line of its framing is too long");
    const more = await stream.read();
    if (more === null) throw broken("it ends in the middle of a chunk");
    bytes = join(bytes, more);
  }
}

/** RFC 9112, 7.1; extensions and trailers are read and dropped. */
async function* chunked(stream: UnixStream): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const line = await readLine(stream);
    const size = /^([0-9a-f]{1,8})\s*(?:;|$)/i.exec(line)?.[1];
    if (size === undefined) throw broken(`"${line.slice(0, 40)}" is not the size of a chunk`);
    if (Number.parseInt(size, 16) === 0) break;
    yield* counted(stream, Number.parseInt(size, 16));
    if ((await readLine(stream)) !== "") throw broken("a chunk is longer than it says");
  }
  while ((await readLine(stream)) !== "");
}
