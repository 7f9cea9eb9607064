import { connect, type Socket } from "node:net";
import { InroError } from "../oci/error.ts";
import type { UnixStream } from "../platform/unix-stream.ts";

/** A connection to a unix socket by node:net, which Node, Bun and Deno all have. CONNECTION_LOST. */
export function connectTo(path: string): Promise<UnixStream> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once("error", (cause) => reject(unreachable(path, cause)));
    socket.once("connect", () => resolve(streamOf(socket)));
  });
}

function unreachable(path: string, cause: Error): InroError {
  return new InroError("CONNECTION_LOST", {
    what: `cannot reach the engine at "${path}"`,
    why: cause.message,
    hint: "start it with inro serve, or use Engine.open",
    cause,
  });
}

function streamOf(socket: Socket): UnixStream {
  let given: Uint8Array[] = [];
  let over = false;
  let wake = () => {};
  for (const event of ["end", "close", "error"] as const)
    socket.on(event, () => {
      over = true;
      wake();
    });
  socket.on("readable", () => wake());
  return {
    descriptor: -1,
    async read() {
      const back = given.shift();
      if (back !== undefined) return back;
      for (;;) {
        const chunk = socket.read() as Buffer | null;
        if (chunk !== null) return chunk;
        if (over || socket.readableEnded || socket.destroyed) return null;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    unread(bytes) {
      if (bytes.length > 0) given = [bytes, ...given];
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    end: () => socket.end(),
    close: () => socket.destroy(),
  };
}
