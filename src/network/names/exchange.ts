import { createSocket } from "node:dgram";
import { isIPv6, connect as openStream } from "node:net";
import { answers } from "./message.ts";

const PORT = 53;
/** Milliseconds. Three of them are less than a resolver's library waits (resolv.conf(5), `timeout`: 5 s). */
const PATIENCE = 1500;
/** For an answer on a stream that stands: it may be large, and on its way through another one. */
const STREAM_PATIENCE = 4000;
/** RFC 1035, 4.2.2. */
const LENGTH = 2;

/**
 * Asks one server. undefined: it cannot be reached, or says nothing in time; whatever else comes is not listened to. Aborted,
 * it answers undefined at once.
 */
export type Exchange = (
  server: string,
  query: Uint8Array,
  signal: AbortSignal,
) => Promise<Uint8Array | undefined>;

/** Through a socket of its own: the kernel gives each another port, and hears nobody but the server (connect(2)). */
export const byDatagram: Exchange = (server, query, signal) =>
  new Promise((resolve) => {
    const socket = createSocket(isIPv6(server) ? "udp6" : "udp4");
    const end = (reply?: Uint8Array) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      socket.removeAllListeners();
      // What comes late is nobody's.
      socket.on("error", () => {});
      socket.close();
      resolve(reply);
    };
    const abort = () => end();
    const timer = setTimeout(end, PATIENCE, undefined);
    signal.addEventListener("abort", abort);
    socket.on("error", () => end());
    socket.on("message", (message) => {
      if (answers(message, query)) end(message);
    });
    socket.connect(PORT, server, (error?: Error) => {
      if (error !== undefined && error !== null) end();
      else socket.send(query);
    });
  });

export const byStream: Exchange = (server, query, signal) =>
  new Promise((resolve) => {
    const socket = openStream({ host: server, port: PORT });
    let received = Buffer.alloc(0);
    let timer = setTimeout(() => end(), PATIENCE);
    const end = (reply?: Uint8Array) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      socket.destroy();
      resolve(reply);
    };
    const abort = () => end();
    signal.addEventListener("abort", abort);
    socket.once("connect", () => {
      clearTimeout(timer);
      timer = setTimeout(() => end(), STREAM_PATIENCE);
      socket.write(inStream(query));
    });
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      const length = received.length < LENGTH ? Infinity : received.readUInt16BE(0);
      if (received.length < LENGTH + length) return;
      const message = received.subarray(LENGTH, LENGTH + length);
      end(answers(message, query) ? message : undefined);
    });
    socket.on("error", () => end());
    socket.on("close", () => end());
  });

function inStream(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH + message.length);
  bytes.set([message.length >>> 8, message.length & 0xff]);
  bytes.set(message, LENGTH);
  return bytes;
}
