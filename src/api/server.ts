import { once } from "node:events";
import { chmodSync, chownSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { InroError } from "../oci/error.ts";
import { dispatcher } from "./dispatch.ts";
import type { Served } from "./exchange.ts";

export interface ServeOptions {
  /** The path of the unix socket; what a dead daemon left there is replaced. */
  readonly socket: string;
  /** The group that may use the socket beside root; `null`: root alone (R16). */
  readonly group: number | null;
}

export interface Api {
  readonly socket: string;
  /** Stops listening and drops every client. */
  close(): Promise<void>;
}

/** Serves Docker's Engine API. Fails with SOCKET_IN_USE when another daemon answers there. */
export async function serve(engine: Served, options: ServeOptions): Promise<Api> {
  const { socket } = options;
  const server = createServer();
  // Uploads (load, cp) take as long as they take, and a client may think before its next request.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  const clients = new Set<Socket>();
  server.on("connection", (client: Socket) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
  });
  const dispatch = dispatcher(engine);
  server.on("request", (request, response) => void dispatch.request(request, response));
  server.on("upgrade", (request, client, head) => void dispatch.upgrade(request, client as Socket, head));
  await listen(server, options);
  return {
    socket,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const client of clients) client.destroy();
      await closed;
      rmSync(socket, { force: true });
    },
  };
}

async function listen(server: Server, { socket, group }: ServeOptions): Promise<void> {
  if (await answers(socket)) {
    throw new InroError("SOCKET_IN_USE", {
      what: `cannot listen on "${socket}"`,
      why: "another daemon answers there",
      hint: "use that one, or place this one elsewhere with -H",
      at: "-H",
    });
  }
  rmSync(socket, { force: true });
  const listening = once(server, "listening");
  // R16: never open to others, not even between bind(2) and chmod(2).
  const mask = process.umask(0o177);
  try {
    server.listen({ path: socket, backlog: 4096 });
  } finally {
    process.umask(mask);
  }
  await listening;
  // Bun binds a random TCP port where it did not understand what to listen on.
  if (typeof server.address() !== "string") {
    server.close();
    throw new Error(`the server listens on ${JSON.stringify(server.address())} instead of ${socket}`);
  }
  if (group !== null) {
    chownSync(socket, 0, group);
    chmodSync(socket, 0o660);
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on("error", () => resolve(false));
    probe.on("connect", () => {
      probe.destroy();
      resolve(true);
    });
  });
}
