import type { IncomingMessage } from "node:http";
import { type Asked, asked } from "./asked.ts";
import { refuse } from "./status.ts";

/** Far above any real request (a seccomp profile is 12 KB), far below what would hurt. */
const LIMIT = 8 * 1024 * 1024;

/** The request's JSON; no body is an empty object. */
export async function body(request: IncomingMessage): Promise<Asked> {
  const text = (await bytes(request)).toString("utf8");
  if (text.trim() === "") return asked(undefined);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(400, "cannot read the request's body", `it is not JSON: ${(error as Error).message}`);
  }
  return asked(value);
}

/** What is too long is still read to its end, so that the client hears why instead of a broken connection. */
async function bytes(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length <= LIMIT) parts.push(part);
    else parts.length = 0;
  }
  if (length > LIMIT) throw refuse(413, "cannot read the request's body", `it is longer than ${LIMIT} bytes`);
  return Buffer.concat(parts);
}
