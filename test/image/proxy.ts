/** A registry between the client and a real one, that a test lets damage what passes. */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { listening } from "../support/listening.ts";

export interface Passing {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  /** How often this path was asked for before. */
  readonly before: number;
}

/** What the proxy does with an answer: pass it, answer itself, cut it after some bytes, or change its bytes. */
export type Fault =
  | undefined
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | { readonly cutAfter: number }
  | { readonly flipAt: number }
  | { readonly slow: number };

export interface Proxy extends AsyncDisposable {
  readonly address: string;
  readonly seen: Passing[];
}

function pass(from: IncomingMessage, to: ServerResponse, fault: Fault): void {
  to.writeHead(from.statusCode ?? 502, from.headers);
  let at = 0;
  from.on("data", (chunk: Buffer) => {
    const bytes = Buffer.from(chunk);
    if (fault !== undefined && "flipAt" in fault && fault.flipAt >= at && fault.flipAt < at + bytes.length) {
      bytes[fault.flipAt - at] = (bytes[fault.flipAt - at] ?? 0) ^ 0xff;
    }
    if (fault !== undefined && "cutAfter" in fault && at + bytes.length >= fault.cutAfter) {
      to.write(bytes.subarray(0, fault.cutAfter - at), () => setTimeout(() => to.destroy(), 30));
      from.destroy();
      return;
    }
    at += bytes.length;
    to.write(bytes);
  });
  from.on("end", () => setTimeout(() => to.end(), fault !== undefined && "slow" in fault ? fault.slow : 0));
}

export async function proxy(upstream: string, decide: (passing: Passing) => Fault): Promise<Proxy> {
  const seen: Passing[] = [];
  const [host, port] = upstream.split(":");
  const server = createServer((incoming, answer) => {
    const path = incoming.url ?? "/";
    const { range, authorization } = incoming.headers;
    const passing = { path, range, authorization, before: seen.filter((each) => each.path === path).length };
    seen.push(passing);
    const fault = decide(passing);
    if (fault !== undefined && "status" in fault) {
      answer.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? "");
      return;
    }
    const headers = { ...incoming.headers, host: upstream };
    request({ host, port, path, method: incoming.method, headers }, (from) => pass(from, answer, fault))
      // A registry that was stopped, or a client that went away: its side has been told.
      .on("error", () => answer.destroy())
      .end();
  });
  return { ...(await listening(server)), seen };
}
