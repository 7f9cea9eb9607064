import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { spentBy } from "../platform/spent.ts";
import type { Exchange } from "./exchange.ts";
import { messageOf, statusOf } from "./status.ts";

interface Answering {
  readonly response: ServerResponse;
}

export const json = (x: Answering, status: number, value: unknown): void =>
  jsonText(x, status, JSON.stringify(value));

/** A value that is JSON already. */
export function jsonText(x: Answering, status: number, text: string): void {
  const body = Buffer.from(`${text}\n`);
  x.response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  x.response.end(body);
}

export function empty(x: Exchange, status: number): void {
  x.response.writeHead(status);
  x.response.end();
}

/** After the head was sent a failure can only cut the answer short, so that the client does not take it for whole. */
export function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  json({ response }, statusOf(error), { message: messageOf(error) });
}

/** Sends the head now: clients wait for it before they go on (docker's ContainerWait, events, logs). */
export function begin(x: Exchange, contentType: string): void {
  x.response.writeHead(200, { "content-type": contentType });
  x.response.flushHeaders();
}

/** Sends a part of a stream, and waits while the client is slow. Rejects when the client went away. */
export async function send(x: Exchange, part: string | Uint8Array): Promise<void> {
  x.signal.throwIfAborted();
  if (!x.response.write(part)) await once(x.response, "drain", { signal: x.signal });
}

/** A whole stream as the answer; the source is destroyed when the client goes away. */
export async function stream(x: Exchange, contentType: string, source: Readable): Promise<void> {
  // What cannot be read at all is an error: an answer that has begun and brings nothing would pass for a whole one.
  await begun(source);
  x.response.writeHead(200, { "content-type": contentType });
  spentBy(source);
  await pipeline(source, x.response);
}

function begun(source: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    source.once("readable", resolve);
    for (const event of ["end", "close"]) source.once(event, resolve);
    source.once("error", reject);
  });
}

declare global {
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

/** A whole number that a JavaScript number would round (times in nanoseconds). */
export function exact(value: bigint): unknown {
  return JSON.rawJSON(value.toString());
}
