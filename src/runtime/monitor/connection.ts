import type { Socket } from "node:net";
import { InroError } from "../../oci/error.ts";
import { type FrameBytes, readFrame } from "./handshake.ts";

/** A connection that asks and is answered, many questions at a time. */
export interface Connection {
  /** Rejects with CONNECTION_LOST when the monitor goes away first. */
  ask(encode: (request: number) => Uint8Array): Promise<FrameBytes>;
  close(): void;
}

const REQUEST_AT = 8;

export const connectionLost = (): InroError =>
  new InroError("CONNECTION_LOST", {
    what: "the monitor did not answer",
    why: "it closed its connection: the container has ended, or the monitor was killed",
  });

/** Takes over a socket whose HELLO was read. */
export function openConnection(socket: Socket): Connection {
  const waiting = new Map<number, PromiseWithResolvers<FrameBytes>>();
  let last = 0;
  let isOpen = true;
  const lose = () => {
    isOpen = false;
    socket.destroy();
    for (const answer of waiting.values()) answer.reject(connectionLost());
    waiting.clear();
  };
  const receive = async () => {
    for (let frame = await readFrame(socket); frame !== undefined; frame = await readFrame(socket)) {
      const request = frame.readUInt32LE(REQUEST_AT);
      waiting.get(request)?.resolve(frame);
      waiting.delete(request);
    }
  };
  receive().then(lose, lose);
  return {
    ask(encode) {
      if (!isOpen) return Promise.reject(connectionLost());
      const answer = Promise.withResolvers<FrameBytes>();
      last = (last + 1) >>> 0;
      waiting.set(last, answer);
      socket.write(encode(last));
      return answer.promise;
    },
    close: lose,
  };
}
