import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable, Writable } from "node:stream";
import type { Builder } from "../build/builder.ts";
import type { Engine } from "../engine/engine.ts";
import type { Asked } from "./asked.ts";
import type { Query } from "./query.ts";
import type { WebSocketContent } from "./web-socket.ts";

/** What is served: an engine, and what builds images with it. */
export type Served = Engine & { readonly builder: Builder };

/** What every handler is given of a request. */
export interface Asking {
  readonly engine: Served;
  readonly request: IncomingMessage;
  readonly query: Query;
  /** The parts of the path that the route names. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The minor number of the API's version that the client speaks: 51 for v1.51. */
  readonly version: number;
  /** Aborted when the client is gone before it was answered: the work for it is cancelled. */
  readonly signal: AbortSignal;
}

/** One request and its answer. */
export interface Exchange extends Asking {
  readonly response: ServerResponse;
}

/** A request whose connection becomes a stream of its own. Before `accept`, a failure is answered as any other. */
export interface Hijack extends Asking {
  /** The request's JSON; read before `accept`. */
  body(): Promise<Asked>;
  /** Answers 101 UPGRADED, or 200 to a client that did not ask for an upgrade; then the bytes are the handler's. */
  accept(contentType: string): Promise<Client>;
  /** 400 where the client does not begin a web socket; what it answers completes the handshake, as `accept` does. */
  webSocket(): (content: WebSocketContent) => Client;
  /** Answers without taking the connection over. */
  decline(status: 200 | 204): void;
}

/** The client's two directions; one socket when it was upgraded. */
export interface Client {
  /** `null` when the client cannot send any more: a plain request without a body. */
  readonly input: Readable | null;
  readonly output: Writable;
}

export type Route =
  | {
      readonly method: string;
      readonly pattern: string;
      readonly handle: (x: Exchange) => Promise<void> | void;
    }
  | { readonly method: string; readonly pattern: string; readonly hijack: (x: Hijack) => Promise<void> };

/** The parameter that the route's pattern names. */
export function parameter(x: Asking, name: string): string {
  const value = x.parameters[name];
  if (value === undefined) throw new Error(`the route has no parameter "${name}"`);
  return value;
}
