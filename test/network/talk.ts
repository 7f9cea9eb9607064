import { once } from "node:events";
import { command, type Other } from "./namespace.ts";

/** Answers every TCP connection, or UDP datagram, of both families with the address that it came from. */
const server = (protocol: "tcp" | "udp", port: number) =>
  protocol === "tcp"
    ? `require("net").createServer((s) => s.end(s.remoteAddress.replace("::ffff:", ""))).listen(${port}, "::", () => console.log("up"))`
    : `const s = require("dgram").createSocket("udp6");
       s.on("message", (m, from) => s.send(from.address.replace("::ffff:", ""), from.port, from.address));
       s.bind(${port}, "::", () => console.log("up"))`;

/** Prints the answer; fails when none comes within a second. */
const client = (protocol: "tcp" | "udp", address: string, port: number) =>
  protocol === "tcp"
    ? `const s = require("net").connect(${port}, "${address}");
       s.setTimeout(1000, () => process.exit(3)); s.on("error", (e) => { console.log(e.code); process.exit(4); });
       s.pipe(process.stdout); s.on("close", () => process.exit(0))`
    : `const s = require("dgram").createSocket("${address.includes(":") ? "udp6" : "udp4"}");
       setTimeout(() => process.exit(3), 1000);
       s.on("message", (m) => { console.log(String(m)); process.exit(0); });
       s.send("?", ${port}, "${address}")`;

/** A server in another network that answers with the caller's address; it listens when this returns. */
export async function serve(where: Other, port: number, protocol: "tcp" | "udp" = "tcp"): Promise<void> {
  const child = where.start(process.execPath, "-e", server(protocol, port));
  if (child.stdout === null) throw new Error("the server has no output");
  await once(child.stdout, "data");
}

/** Calls from another network, or from the host; undefined when nobody answers. */
export function call(
  from: Other | "host",
  address: string,
  port: number,
  protocol: "tcp" | "udp" = "tcp",
): string | undefined {
  const words = [process.execPath, "-e", client(protocol, address, port)] as const;
  try {
    return (from === "host" ? command(...words) : from.run(...words)).trim();
  } catch {
    return undefined;
  }
}
