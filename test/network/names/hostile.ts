/** Sends what no resolver sends to 127.0.0.11, from a container's network. */
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import dnsPacket from "dns-packet";

const SERVER = "127.0.0.11";
const query = dnsPacket.encode({ type: "query", id: 7, questions: [{ type: "A", name: "db" }] });
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

const socket = createSocket("udp4");
// Whoever refuses a datagram is not there: then the sockets that the container has say who is.
socket.on("error", (error) => {
  console.log(String(error), readFileSync("/proc/net/udp", "utf8"), readFileSync("/proc/net/tcp", "utf8"));
  process.exit(1);
});
for (const port of [53, 61053])
  for (let n = 0; n < 5000; n++) {
    const message = n % 3 === 0 ? Uint8Array.from(query) : random(n % 200);
    for (let change = 0; change < n % 5; change++) message[(n * 31 + change) % message.length] = n & 0xff;
    socket.send(message, port, SERVER);
    if (n % 100 === 0) await Bun.sleep(1);
  }
for (const size of [0, 1, 11, 12, 4096, 4097, 60_000]) socket.send(random(size), 53, SERVER);
// An answer is not answered: two resolvers would talk for ever.
const reply = Uint8Array.from(query);
reply[2] = 0x80;
for (let n = 0; n < 100; n++) socket.send(reply, 53, SERVER);

const open = (first: Uint8Array) =>
  new Promise<Socket>((resolve) => {
    const stream = connect(53, SERVER);
    stream.on("error", () => {});
    stream.once("close", () => resolve(stream));
    stream.once("connect", () => stream.write(first, () => resolve(stream)));
  });
const streams = [];
// More connections than there are places; half a message; a length of nothing, or of more than is taken; garbage.
for (const first of [Uint8Array.of(0), Uint8Array.of(0, 40, 1), Uint8Array.of(0, 0), Uint8Array.of(255, 255)])
  for (let n = 0; n < 40; n++) streams.push(await open(first));
for (let n = 0; n < 40; n++) streams.push(await open(random(2000)));
// A thousand queries of somebody who reads no answer.
const asked = Buffer.concat(
  Array.from({ length: 1000 }, () => Buffer.concat([Uint8Array.of(0, query.length), query])),
);
for (let n = 0; n < 20; n++) {
  const stream = await open(asked);
  stream.pause();
  streams.push(stream);
}
// Gone before they are answered.
for (let n = 0; n < 100; n++) (await open(asked.subarray(0, 400))).resetAndDestroy();
await Bun.sleep(300);
for (const stream of streams) stream.destroy();
console.log("done");
process.exit(0);
