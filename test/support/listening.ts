import { Server as HttpServer } from "node:http";
import type { AddressInfo, Server } from "node:net";

export interface Listening extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
}

/** Lets a server of this process listen at a port of loopback that nobody has; with it its connections end, where it speaks HTTP. */
export async function listening(server: Server): Promise<Listening> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      if (server instanceof HttpServer) server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
