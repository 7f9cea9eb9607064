import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { fail } from "./answer.ts";
import type { Asking, Exchange, Route, Served } from "./exchange.ts";
import { failUpgrade, plainHijack, upgradedHijack } from "./hijack.ts";
import { matcher, NEWEST, targetOf } from "./match.ts";
import { routes } from "./routes.ts";
import { refuse } from "./status.ts";

const headers: Readonly<Record<string, string>> = {
  "Api-Version": `1.${NEWEST}`,
  "Docker-Experimental": "false",
  Ostype: "linux",
  Server: "Inro (linux)",
};

export interface Dispatcher {
  request(request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void>;
}

/** Brings each request to its handler, and every failure of a handler to the client. Neither verb rejects. */
export function dispatcher(engine: Served, table: readonly Route[] = routes): Dispatcher {
  const find = matcher(table);

  const resolve = (request: IncomingMessage, signal: AbortSignal): { route: Route; asking: Asking } => {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const { version, path } = targetOf(mark < 0 ? url : url.slice(0, mark));
    const { route, parameters } = find(request.method ?? "GET", path);
    const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
    return { route, asking: { engine, request, query, parameters, version, signal } };
  };

  return {
    async request(request, response) {
      const gone = new AbortController();
      response.on("close", () => {
        if (!response.writableFinished) gone.abort();
      });
      // A client that goes away while it is written to is no failure of ours.
      response.on("error", () => gone.abort());
      try {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        const { route, asking } = resolve(request, gone.signal);
        const x: Exchange = { ...asking, response };
        await ("handle" in route ? route.handle(x) : route.hijack(plainHijack(x)));
      } catch (error) {
        if (!gone.signal.aborted) fail(response, error);
      }
    },

    async upgrade(request, socket, head) {
      const gone = new AbortController();
      socket.on("close", () => gone.abort());
      socket.on("error", () => gone.abort());
      try {
        const { route, asking } = resolve(request, gone.signal);
        if (!("hijack" in route))
          throw refuse(400, `cannot upgrade ${route.method} ${route.pattern}`, "it answers no stream");
        await route.hijack(upgradedHijack(asking, socket, head, headers));
      } catch (error) {
        failUpgrade(socket, headers, error);
      }
    },
  };
}
