import type { Socket } from "node:net";
import { encodeFrame } from "../../kernel/plan/encode.ts";
import { FRAME_HEADER, FRAME_LIMIT, frames } from "../../kernel/plan/frames.ts";
import type { NameHandler } from "../runtime.ts";

export interface NameService {
  close(): void;
}

/** Where QUERY and REPLY have their fields: a container may ask thousands of times a second, so none is taken apart. */
const TYPE_AT = 4;
const PEER_AT = FRAME_HEADER;
const PEER = 8;
const STREAM_AT = PEER_AT + PEER;
const QUERY_AT = STREAM_AT + 1 + 4;
const REPLY_AT = PEER_AT + PEER + 4;

/** How many queries of one container are taken up in a tick, in milliseconds; more of them wait in its sockets. */
const TICK = 20;
const MOST = 200;

/** Takes over a socket whose HELLO was read. */
export function serveNames(socket: Socket, handler: NameHandler): NameService {
  let received: Buffer = Buffer.alloc(0);
  let since = 0;
  let left = 0;
  let pause: NodeJS.Timeout | undefined;
  const take = (frame: Buffer) => {
    left--;
    const peer = Buffer.from(frame.subarray(PEER_AT, STREAM_AT));
    handler(frame.subarray(QUERY_AT), frame[STREAM_AT] !== 0, (message) => {
      if (!socket.destroyed) socket.write(replyFrame(peer, message));
    });
  };
  const work = () => {
    const now = performance.now();
    if (now - since >= TICK) [since, left] = [now, MOST];
    let at = 0;
    socket.cork();
    while (left > 0 && received.length - at >= FRAME_HEADER) {
      const size = received.readUInt32LE(at) + 4;
      if (size < FRAME_HEADER || size > FRAME_LIMIT) return void socket.destroy();
      if (received.length - at < size) break;
      if (received.readUInt16LE(at + TYPE_AT) === frames.query.type) take(received.subarray(at, at + size));
      at += size;
    }
    socket.uncork();
    received = received.subarray(at);
    if (left > 0 || pause !== undefined) return;
    socket.pause();
    pause = setTimeout(goOn, TICK);
  };
  const goOn = () => {
    pause = undefined;
    socket.resume();
    work();
  };
  const close = () => {
    clearTimeout(pause);
    socket.destroy();
  };
  socket.on("data", (bytes: Buffer) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    work();
  });
  socket.on("error", close);
  socket.on("end", close);
  // Its HELLO was read by another way, which left it at rest.
  socket.resume();
  socket.write(encodeFrame("names", 1, {}));
  return { close };
}

function replyFrame(peer: Buffer, message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(REPLY_AT + message.length);
  frame.writeUInt32LE(frame.length - 4, 0);
  frame.writeUInt16LE(frames.reply.type, TYPE_AT);
  frame.fill(0, TYPE_AT + 2, PEER_AT);
  frame.set(peer, PEER_AT);
  frame.writeUInt32LE(message.length, REPLY_AT - 4);
  frame.set(message, REPLY_AT);
  return frame;
}
