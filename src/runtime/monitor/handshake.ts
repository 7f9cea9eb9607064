import type { Socket } from "node:net";
import { FRAME_HEADER, FRAME_LIMIT } from "../../kernel/plan/frames.ts";
import { InroError } from "../../oci/error.ts";

/** The bytes of one frame, header included. */
export type FrameBytes = Buffer;

/**
 * Reads exactly the next frame: what follows it stays in the socket, for it may be a stream already.
 * Undefined when the connection ended before the frame's last byte.
 */
export async function readFrame(socket: Socket): Promise<FrameBytes | undefined> {
  const header = await readExactly(socket, FRAME_HEADER);
  if (header === undefined) return undefined;
  const length = header.readUInt32LE(0) + 4 - FRAME_HEADER;
  if (length < 0 || length > FRAME_LIMIT) {
    throw new InroError("PROTOCOL_ERROR", {
      what: "cannot talk to the monitor",
      why: `a frame of ${length} bytes`,
    });
  }
  if (length === 0) return header;
  const payload = await readExactly(socket, length);
  return payload === undefined ? undefined : Buffer.concat([header, payload]);
}

function readExactly(socket: Socket, size: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      socket.off("readable", attempt);
      socket.off("end", end);
      socket.off("close", end);
      socket.off("error", fail);
      act();
    };
    const end = () => settle(() => resolve(undefined));
    const fail = (error: Error) => settle(() => reject(error));
    const attempt = () => {
      const bytes: Buffer | null = socket.read(size);
      // At the end of the stream read(n) gives what is left.
      if (bytes !== null) settle(() => resolve(bytes.length === size ? bytes : undefined));
      else if (socket.readableEnded || socket.destroyed) end();
    };
    socket.on("readable", attempt);
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", fail);
    attempt();
  });
}
