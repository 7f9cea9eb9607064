/**
 * A DNS server of the tests' own, run as a program: `bun other-server.ts ADDRESS…`. It prints `up`, then a line for each
 * query: the address asked at, `udp` or `tcp`, type and name. What it answers is in the name: `large.…` is cut by datagram,
 * `wide.…` fits a datagram of 4096 bytes, `none.…` does not exist, `wrong.…` is answered under another id, to another
 * question and only then rightly, `silent.…` is not answered, `refused.…` is; the rest is 203.0.113.N, N from the server's
 * address. AAAA: there is none.
 */
import { createSocket } from "node:dgram";
import { createServer, isIPv6 } from "node:net";
import dnsPacket, { type Answer, type StringAnswer } from "dns-packet";

const addresses = process.argv.slice(2);
const REFUSED = 5;
const NO_SUCH_NAME = 3;

const number = (server: string) => (isIPv6(server) ? 6 : Number(server.split(".")[3]));

function answersTo(server: string, message: Buffer, stream: boolean): Buffer[] {
  const packet = dnsPacket.decode(message);
  const [question] = packet.questions ?? [];
  const { name = "", type = "A" } = question ?? {};
  console.log(`${server} ${stream ? "tcp" : "udp"} ${type} ${name}`);
  const kind = name.split(".")[0];
  const address = (data: string): StringAnswer => ({ type: "A", name, ttl: 60, data });
  const several = (count: number): Answer[] =>
    Array.from({ length: count }, (_, n) => address(`198.51.${n >> 8}.${n & 0xff}`));
  const reply = (answers: Answer[], more = 0, change: Partial<dnsPacket.Packet> = {}) =>
    dnsPacket.encode({
      ...{ type: "response", id: packet.id ?? 0, questions: packet.questions ?? [], answers },
      flags: dnsPacket.RECURSION_AVAILABLE | dnsPacket.RECURSION_DESIRED | more,
      ...change,
    });
  if (kind === "silent") return [];
  if (kind === "none") return [reply([], NO_SUCH_NAME)];
  if (kind === "refused") return [reply([], REFUSED)];
  if (kind === "large" && !stream) return [reply([], dnsPacket.TRUNCATED_RESPONSE)];
  if (kind === "large") return [reply(several(1500))];
  if (kind === "wide") return [reply(several(60))];
  const own = address(`203.0.113.${number(server)}`);
  const right = reply(type === "A" ? [own] : []);
  if (kind !== "wrong") return [right];
  const lie = address("192.0.2.66");
  return [
    reply([lie], 0, { id: ((packet.id ?? 0) + 1) & 0xffff }),
    reply([lie], 0, { questions: [{ type: "A", name: "another.example" }] }),
    right,
  ];
}

for (const server of addresses) {
  const socket = createSocket(isIPv6(server) ? "udp6" : "udp4");
  socket.on("message", (message, from) => {
    for (const answer of answersTo(server, message, false)) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(53, server, resolve));
  const streams = createServer((stream) => {
    let received = Buffer.alloc(0);
    stream.on("error", () => {});
    stream.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      while (received.length > 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const message = received.subarray(2, 2 + received.readUInt16BE(0));
        received = received.subarray(2 + message.length);
        for (const answer of answersTo(server, message, true)) {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(answer.length);
          stream.write(Buffer.concat([length, answer]));
        }
      }
    });
  });
  await new Promise<void>((resolve) => streams.listen(53, server, resolve));
}
console.log("up");
