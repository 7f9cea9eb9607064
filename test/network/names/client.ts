/**
 * A DNS client of the tests' own, run as a program in a container's network: `bun client.ts HOW NAME…`. HOW is `udp`, `tcp`,
 * or a number of queries to send in a second by one socket. It asks 127.0.0.11 and prints JSON.
 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import dnsPacket, { type OptAnswer, type RecordType } from "dns-packet";

const SERVER = "127.0.0.11";
const [how = "udp", ...words] = process.argv.slice(2);

/** `db`, `db:AAAA`, `db+4096` for whoever takes that many bytes. */
function queryOf(word: string, id: number): Buffer {
  const [, name = "", size, type = "A"] = /^([^+:]*)(?:\+(\d+))?(?::(\w+))?$/.exec(word) ?? [];
  const extension: OptAnswer = {
    ...{ type: "OPT", name: ".", udpPayloadSize: Number(size), extendedRcode: 0, ednsVersion: 0 },
    ...{ flags: 0, flag_do: false, options: [] },
  };
  return dnsPacket.encode({
    ...{ type: "query", id, flags: dnsPacket.RECURSION_DESIRED },
    questions: [{ type: type as RecordType, name }],
    additionals: size === undefined ? [] : [extension],
  });
}

function told(message: Buffer) {
  const { answers = [], flag_tc } = dnsPacket.decode(message);
  const data = answers.flatMap((one) => ("data" in one ? String(one.data) : []));
  return { rcode: (message[3] ?? 0) & 0xf, cut: flag_tc, data, bytes: message.length };
}

const within = <T>(work: Promise<T>) =>
  Promise.race([work, Bun.sleep(20_000).then(() => "silence" as const)]);

async function byDatagram(word: string) {
  const socket = createSocket("udp4");
  const answer = new Promise<Buffer>((resolve, reject) => {
    socket.once("message", resolve);
    socket.once("error", reject);
  });
  // Connected: what comes from another address or port is not heard.
  await new Promise<void>((resolve) => socket.connect(53, SERVER, resolve));
  socket.send(queryOf(word, 7));
  const found = await within(answer);
  socket.close();
  return found === "silence" ? found : told(found);
}

/** All on one connection. */
async function byStream(all: readonly string[]) {
  const socket = connect(53, SERVER);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const found = new Map<number, ReturnType<typeof told>>();
  let received = Buffer.alloc(0);
  const done = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      while (received.length > 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const message = received.subarray(2, 2 + received.readUInt16BE(0));
        received = received.subarray(2 + message.length);
        found.set(message.readUInt16BE(0), told(message));
      }
      if (found.size === all.length) resolve();
    });
  });
  for (const [id, word] of all.entries()) {
    const query = queryOf(word, id);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    // In pieces: what has not come whole is waited for.
    socket.write(length.subarray(0, 1));
    await Bun.sleep(5);
    socket.write(Buffer.concat([length.subarray(1), query.subarray(0, 5)]));
    await Bun.sleep(5);
    socket.write(query.subarray(5));
  }
  socket.end();
  await within(done);
  return all.map((_, id) => found.get(id) ?? "silence");
}

/** How many of so many queries, sent evenly over a second, are answered rightly. */
async function many(count: number, word: string) {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 });
  await new Promise<void>((resolve) => socket.connect(53, SERVER, resolve));
  const right = new Set<number>();
  socket.on("message", (message) => {
    if (told(message).rcode === 0) right.add(message.readUInt16BE(0));
  });
  const began = performance.now();
  for (let sent = 0; sent < count && performance.now() - began < 60_000; ) {
    // No more under way than this socket's own queue holds: what is lost there is not lost by who answers.
    const due = Math.min(count, right.size + 200, Math.ceil(((performance.now() - began) / 1000) * count));
    for (; sent < due; sent++) socket.send(queryOf(word, sent));
    await Bun.sleep(1);
  }
  for (let tries = 0; right.size < count && tries < 1000; tries++) await Bun.sleep(10);
  socket.close();
  return { sent: count, answered: right.size, milliseconds: Math.round(performance.now() - began) };
}

if (how === "udp") console.log(JSON.stringify(await Promise.all(words.map(byDatagram))));
else if (how === "tcp") console.log(JSON.stringify(await byStream(words)));
else console.log(JSON.stringify(await many(Number(how), words[0] ?? "")));
process.exit(0);
