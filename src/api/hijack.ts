import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { asked, invalid } from "./asked.ts";
import { body } from "./body.ts";
import type { Asking, Client, Exchange, Hijack } from "./exchange.ts";
import { messageOf, statusOf } from "./status.ts";
import { acceptKey, WebSocketStream } from "./web-socket.ts";

type Headers = Readonly<Record<string, string>>;

function head(status: string, headers: Headers): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
}

/**
 * docker-py, and docker-compose 1.x on top of it, read a head through a buffer and what follows from beneath that: bytes
 * that come together with the head are lost to them. With dockerd a start takes so long that they never do.
 */
const readsHeadsAhead = /^docker-(sdk-python|py|compose)\//;

/** Milliseconds in which such a client has read a head. */
const HEAD_READ = 50;

/** A client that asked with `Connection: Upgrade`: the socket itself becomes the stream. */
export function upgradedHijack(asking: Asking, socket: Socket, early: Buffer, headers: Headers): Hijack {
  const { request } = asking;
  const length = Number(request.headers["content-length"] ?? 0);
  const hasBody = length > 0 || request.headers["transfer-encoding"] !== undefined;
  // Node leaves the body in the first bytes of the socket, Bun gives it through the request.
  const inEarly = length > 0 && early.length >= length;
  const input = inEarly ? early.subarray(length) : early;
  return {
    ...asking,
    body: () => {
      if (inEarly) return Promise.resolve(asked(JSON.parse(early.subarray(0, length).toString("utf8"))));
      return hasBody ? body(request) : Promise.resolve(asked(undefined));
    },
    accept: async (contentType) => {
      const upgrade = { "Content-Type": contentType, Connection: "Upgrade", Upgrade: "tcp" };
      socket.write(head("101 UPGRADED", { ...headers, ...upgrade }));
      if (input.length > 0) socket.unshift(input);
      if (readsHeadsAhead.test(request.headers["user-agent"] ?? "")) await setTimeout(HEAD_READ);
      return { input: socket, output: socket };
    },
    webSocket: () => {
      const answer = acceptKey(request.headers);
      if (answer === undefined) throw noWebSocket();
      return (content) => {
        const upgrade = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": answer };
        socket.write(head("101 Switching Protocols", { ...headers, ...upgrade }));
        const stream = new WebSocketStream(socket, content);
        if (early.length > 0) socket.unshift(early);
        return { input: stream, output: stream };
      };
    },
    decline: (status) => {
      const close = { "Content-Length": "0", Connection: "close" };
      socket.end(head(`${status} ${STATUS_CODES[status]}`, { ...headers, ...close }));
    },
  };
}

/** A client that only posted: the answer's body is the stream, raw, and its end is the connection's. */
export function plainHijack(x: Exchange): Hijack {
  const { request, response } = x;
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  let consumed = false;
  return {
    ...x,
    body: () => {
      consumed = true;
      return body(request);
    },
    accept: async (contentType): Promise<Client> => {
      const sends = !consumed && (encoding !== undefined || Number(length ?? 0) > 0);
      response.useChunkedEncodingByDefault = false;
      response.writeHead(200, { "content-type": contentType, connection: "close" });
      response.flushHeaders();
      return { input: sends ? request : null, output: response };
    },
    webSocket: () => {
      throw noWebSocket();
    },
    decline: (status) => {
      response.writeHead(status);
      response.end();
    },
  };
}

const noWebSocket = () =>
  invalid("Upgrade", "the request does not begin a web socket of version 13 (RFC 6455, section 4.2.1)");

/** After the upgrade the stream can only end; before it, the client gets an answer like any other. */
export function failUpgrade(socket: Socket, headers: Headers, error: unknown): void {
  if (socket.destroyed) return;
  if (socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const status = statusOf(error);
  const text = Buffer.from(`${JSON.stringify({ message: messageOf(error) })}\n`);
  const shape = {
    "Content-Type": "application/json",
    "Content-Length": String(text.length),
    Connection: "close",
  };
  socket.end(
    Buffer.concat([
      Buffer.from(head(`${status} ${STATUS_CODES[status] ?? ""}`, { ...headers, ...shape })),
      text,
    ]),
  );
}
