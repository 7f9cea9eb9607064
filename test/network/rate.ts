import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Other } from "./namespace.ts";

export type Protocol = "tcp" | "udp";

/** Milliseconds over which a receiver counts, from the first byte on. */
const WINDOW = 600;

/** Prints how many bytes a second came in, measured by its own clock. */
const receiver = (protocol: Protocol, port: number) => `
  let begun = 0, bytes = 0;
  const count = (data) => {
    const now = performance.now();
    begun ||= now;
    bytes += data.length;
    if (now - begun < ${WINDOW}) return;
    console.log(Math.round(bytes / (now - begun) * 1000));
    process.exit(0);
  };
  const up = () => console.log("up");
  if ("${protocol}" === "tcp") require("net").createServer((s) => s.on("data", count)).listen(${port}, "0.0.0.0", up);
  else { const s = require("dgram").createSocket("udp4"); s.on("message", count); s.bind(${port}, "0.0.0.0", up); }`;

/** Sends as fast as it can until it is ended. */
const sender = (protocol: Protocol, address: string, port: number) =>
  protocol === "tcp"
    ? `const s = require("net").connect(${port}, "${address}"); const data = Buffer.alloc(262144);
       const more = () => { while (s.write(data)); }; s.on("drain", more); s.on("connect", more); s.on("error", () => {});`
    : `const s = require("dgram").createSocket("udp4"); const data = Buffer.alloc(1400);
       s.on("error", () => {}); s.bind(0, () => { const more = () => {
         for (let n = 0; n < 20; n++) s.send(data, ${port}, "${address}"); setImmediate(more); }; more(); });`;

let port = 20_000;

/** Bytes a second that get from one network to an address in another. */
export async function rate(
  from: Other,
  to: Other,
  address: string,
  protocol: Protocol = "tcp",
): Promise<number> {
  const at = port++;
  const counting = to.start(process.execPath, "-e", receiver(protocol, at));
  const said = counting.stdout as Readable;
  await once(said, "data");
  const sending = from.start(process.execPath, "-e", sender(protocol, address, at));
  const [told] = await once(said, "data");
  sending.kill("SIGKILL");
  return Number(String(told));
}
