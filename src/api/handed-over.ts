import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * Passes connections of a listening socket that was handed to this process on to the one that is served: node:http in Bun
 * cannot listen on a descriptor (PLATFORM), and loses the backpressure of connections that it is given.
 */
export async function passOn(listener: number, served: string): Promise<{ close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const upstream = connect({ path: served, allowHalfOpen: true });
    passBetween(client, upstream, sockets);
    client.resume();
  });
  const listening = once(server, "listening");
  server.listen({ fd: listener });
  await listening;
  return {
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Both ways, half-closes too; `open` has both sockets while they are. */
export function passBetween(client: Socket, upstream: Socket, open: Set<Socket>): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    open.add(from);
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      open.delete(from);
      to.destroySoon();
    });
  }
}
