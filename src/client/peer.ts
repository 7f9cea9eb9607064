import type { UnixStream } from "../platform/unix-stream.ts";
import { type Head, readHead } from "./http.ts";

/** How to talk with whoever listens. */
export interface Peer {
  /** The path's first part: `v1.51`. */
  readonly version: string;
  /** An engine of another project, as it calls itself; null: one of ours. */
  readonly foreign: string | null;
}

/** The newest version of Docker's Engine API that this client was written for. */
const NEWEST = 51;

export const OURS: Peer = { version: `v1.${NEWEST}`, foreign: null };

/** Asks who listens, and which version of the API they both know. */
export async function meet(stream: UnixStream): Promise<Peer> {
  await stream.write("GET /_ping HTTP/1.1\r\nhost: inro\r\nuser-agent: inro\r\nconnection: close\r\n\r\n");
  const head = await readHead(stream);
  stream.close();
  return peerOf(head);
}

function peerOf({ headers }: Head): Peer {
  const name = headers.get("server") ?? "";
  if (/^inro\b/i.test(name)) return OURS;
  const minor = Number(/^1\.(\d+)$/.exec(headers.get("api-version") ?? "")?.[1] ?? NEWEST);
  return { version: `v1.${Math.min(minor, NEWEST)}`, foreign: name === "" ? "another engine" : name };
}
