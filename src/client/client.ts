import type { UnixStream } from "../platform/unix-stream.ts";
import { type Head, readBody, readHead } from "./http.ts";
import { parseJson } from "./json.ts";
import { OURS, type Peer } from "./peer.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined | readonly string[]>>;

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "HEAD";
  /** Without the version, each part encoded: see `at`. */
  readonly path: string;
  /** `undefined`, `false` and empty texts are left out; a list is its parameter once for each. */
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it comes, chunked; `body` is ignored. */
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses beside 2xx that are an answer, not a failure: 304 "it is so already". */
  readonly expected?: readonly number[];
}

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: AsyncGenerator<Uint8Array, void>;
  /** Ends the request when its answer is no longer wanted. */
  close(): void;
}

/** The engine said no. `message` is what it said: complete, for people. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** A client of the Engine API over one unix socket; every request has a connection of its own. */
export interface Client {
  /** Who listens. */
  peer(): Promise<Peer>;
  send(request: Request): Promise<Answer>;
  /** The answer's JSON; `undefined` for an empty one. */
  json<T>(request: Request): Promise<T>;
  /** Each JSON value of a stream of them. */
  values<T>(request: Request): AsyncGenerator<T, void>;
  /** The connection itself, after the engine agreed to hand it over (attach, exec). */
  hijack(request: Request): Promise<UnixStream>;
}

/** A path from parts that are escaped, as names may hold a slash: at`/containers/${name}/json`. */
export function at(parts: TemplateStringsArray, ...names: readonly string[]): string {
  return parts.map((part, i) => part + (i < names.length ? encodeURIComponent(names[i] ?? "") : "")).join("");
}

function target(request: Request, { version }: Peer): string {
  const query = Object.entries(request.query ?? {})
    .flatMap(([name, value]) => [value].flat().map((each) => [name, each] as const))
    .filter(([, value]) => value !== undefined && value !== false && value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(value === true ? "1" : String(value))}`);
  return `/${version}${request.path}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}

function requestHead(request: Request, peer: Peer, extra: Readonly<Record<string, string>>): string {
  const headers = { host: "inro", "user-agent": "inro", ...request.headers, ...extra };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request.method} ${target(request, peer)} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

interface Sending {
  readonly peer: Peer;
  readonly upgrade: boolean;
}

async function sendRequest(stream: UnixStream, request: Request, { peer, upgrade }: Sending): Promise<void> {
  const extra: Record<string, string> = upgrade ? { connection: "Upgrade", upgrade: "tcp" } : {};
  if (request.stream !== undefined) {
    await stream.write(requestHead(request, peer, { ...extra, "transfer-encoding": "chunked" }));
    for await (const part of request.stream) {
      if (part.length === 0) continue;
      await stream.write(`${part.length.toString(16)}\r\n`);
      await stream.write(part);
      await stream.write("\r\n");
    }
    await stream.write("0\r\n\r\n");
    return;
  }
  if (request.body === undefined) {
    // A POST without a body says so; some servers wait for one otherwise.
    const length = request.method === "POST" || request.method === "PUT" ? { "content-length": "0" } : {};
    await stream.write(requestHead(request, peer, { ...extra, ...length }));
    return;
  }
  const body = JSON.stringify(request.body);
  const shape = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
  await stream.write(requestHead(request, peer, { ...extra, ...shape }) + body);
}

async function failure(head: Head, body: AsyncGenerator<Uint8Array, void>): Promise<ApiError> {
  const text = (await collect(body)).toString("utf8").trim();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") return new ApiError(head.status, message);
  } catch {
    // Not JSON: the text itself is the message.
  }
  return new ApiError(head.status, text === "" ? `the engine answered ${head.status}` : text);
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

/** `connect` answers an open connection; it is called once per request. `met` tells who listens, once for all of them. */
export function openClient(
  connect: () => Promise<UnixStream>,
  met: () => Promise<Peer> = async () => OURS,
): Client {
  let known: Promise<Peer> | undefined;
  const meet = () => {
    known ??= met();
    return known;
  };
  const peerFor = async ({ path }: Request): Promise<Peer> => {
    const peer = await meet();
    if (peer.foreign === null || !path.startsWith("/inro/")) return peer;
    throw new ApiError(501, `this needs inro's own engine: ${peer.foreign} does not have it`);
  };
  const send = async (request: Request): Promise<Answer> => {
    const peer = await peerFor(request);
    const stream = await connect();
    const sent = sendRequest(stream, request, { peer, upgrade: false });
    // An engine that refuses an upload answers before it has read all of it: its answer is what counts.
    if (request.stream === undefined) await sent;
    else sent.catch(() => stream.end());
    const head = await readHead(stream);
    const body = readBody(stream, head, request.method);
    if ((head.status < 200 || head.status >= 300) && !request.expected?.includes(head.status)) {
      const error = await failure(head, body);
      stream.close();
      throw error;
    }
    return { ...head, body: closing(body, stream), close: () => stream.close() };
  };
  const values = async function* <T>(request: Request): AsyncGenerator<T, void> {
    for await (const line of lines((await send(request)).body)) yield parseJson(line) as T;
  };
  return {
    peer: meet,
    send,
    values,
    json: async <T>(request: Request) => {
      const text = (await collect((await send(request)).body)).toString("utf8");
      return (text.trim() === "" ? undefined : parseJson(text)) as T;
    },
    hijack: async (request) => {
      const peer = await peerFor(request);
      const stream = await connect();
      await sendRequest(stream, request, { peer, upgrade: true });
      const head = await readHead(stream);
      if (head.status !== 101 && head.status !== 200) {
        const error = await failure(head, readBody(stream, head, request.method));
        stream.close();
        throw error;
      }
      return stream;
    },
  };
}

async function* closing(
  body: AsyncIterable<Uint8Array>,
  stream: UnixStream,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } finally {
    stream.close();
  }
}

/** The lines of a stream of text, without empty ones. */
async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of body) {
    const pieces = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = pieces.pop() ?? "";
    for (const piece of pieces) if (piece.trim() !== "") yield piece;
  }
  if (rest.trim() !== "") yield rest;
}
