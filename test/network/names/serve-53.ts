/** Serves port 53 of all addresses in a container's network, as a DNS server would, and asks at each: `bun serve-53.ts ADDRESS`. */
import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";
import dnsPacket from "dns-packet";

const address = process.argv[2] ?? "";
const query = dnsPacket.encode({ type: "query", id: 7, questions: [{ type: "A", name: "db" }] });

const datagrams = createSocket("udp4");
datagrams.on("message", (_, from) => datagrams.send("mine", from.port, from.address));
await new Promise<void>((resolve) => datagrams.bind(53, "0.0.0.0", resolve));
const streams = createServer((stream) => void stream.on("error", () => {}).end("mine"));
await new Promise<void>((resolve) => streams.listen(53, "0.0.0.0", resolve));

async function at(server: string): Promise<string> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.connect(53, server, resolve));
  const answer = new Promise<string>((resolve) =>
    socket.once("message", (message) => resolve(String(message))),
  );
  socket.send(query);
  const byDatagram = await answer;
  socket.close();
  const stream = connect(53, server);
  const byStream = await new Promise<string>((resolve) => {
    stream.once("data", (bytes) => resolve(String(bytes)));
    stream.write(Buffer.concat([Uint8Array.of(0, query.length), query]));
  });
  stream.destroy();
  return byDatagram === "mine" && byStream === "mine"
    ? "mine"
    : byDatagram === "mine" || byStream === "mine"
      ? "mixed"
      : "not mine";
}

console.log(
  JSON.stringify({
    itself: await at("127.0.0.1"),
    neighbour: await at(address),
    resolver: await at("127.0.0.11"),
  }),
);
process.exit(0);
