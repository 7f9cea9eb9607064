import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { withPorts } from "../../src/network/network.ts";
import { singles, without } from "../../src/oci/port.ts";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";
import { command, ownNetwork } from "./namespace.ts";
import { hasSctp, sctpClient, sctpServer } from "./sctp.ts";
import { binding, block, engine, type Joined, neighbour } from "./setting.ts";
import { call, serve } from "./talk.ts";

const privileged = describe.skipIf(rootMissing);

const nft = tool("nft");
const elements = () => command(nft ?? "nft", "list", "ruleset").match(/ \. \d+ : /g)?.length ?? 0;

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

/** A program of the container's that works through what comes in; it listens when this returns. */
async function program(where: Joined, script: string): Promise<void> {
  const child = where.start(process.execPath, "-e", script);
  if (child.stdout === null) throw new Error("the program has no output");
  await once(child.stdout, "data");
}

/** Answers with what was said and that it was all, once the caller has said all. */
const ECHO_AT_END = `require("net").createServer({ allowHalfOpen: true }, (s) => {
  let n = 0; s.on("data", (d) => (n += d.length)).on("end", () => s.end("got " + n + " from " + s.remoteAddress));
}).listen(80, "0.0.0.0", () => console.log("up"))`;

/** Not the thread's own synchronous way: the forwarder is of this process. */
async function say(host: string, port: number, data: string | Uint8Array): Promise<string> {
  const socket = connect({ host, port, allowHalfOpen: true });
  socket.on("error", () => {});
  socket.end(data);
  return text(socket).catch((error: Error) => error.message);
}

async function ask(host: string, port: number, from = 0): Promise<string | undefined> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  try {
    socket.bind(from);
    await once(socket, "listening");
    socket.send("?", port, host);
    const [answer] = await once(socket, "message", { signal: AbortSignal.timeout(1000) });
    return String(answer);
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}

privileged("a row of ports", () => {
  test.skipIf(nft === undefined)("of a thousand is one operation of the plan, and of its undo", async () => {
    const { container, networks, undo } = await engine(scope);
    const web = await container("web", "8000-8999:7000-7999", "127.0.0.1:9000:80");
    const { fragment, ports } = web.attachment;
    expect(ports.map(({ hostPort, count }) => [hostPort, count])).toEqual([
      [8000, 1000],
      [9000, 1],
    ]);
    expect([fragment.map.length, fragment.undo.length]).toEqual([2, 2]);
    expect(fragment.map[1]).toMatchObject({
      what: expect.stringMatching(
        /^publish 0\.0\.0\.0:8000-8999\/tcp to [\d.]+:7000-7999, 127\.0\.0\.1:9000\/tcp to/,
      ),
    });
    expect(elements()).toBe(1001);
    await Promise.all([serve(web, 7000), serve(web, 7999)]);
    for (const port of [8000, 8999]) expect(call("host", "127.0.0.1", port)).toBe(web.gateway);
    await undo(web);
    expect(elements()).toBe(0);
    await networks.disconnect(web.attachment);
    await container("next", "8000-8999:7000-7999");
  });

  test.skipIf(nft === undefined)(
    "that is longer than a socket of netlink has room for is one, too",
    async () => {
      const { container, networks } = await engine(scope);
      const web = await container("web", "127.0.0.1:10000-12999:10000-12999/sctp");
      expect(elements()).toBe(3000);
      await networks.disconnect(web.attachment);
      expect(elements()).toBe(0);
    },
  );

  test("takes all or none, and names who holds the one that is taken", async () => {
    const { container } = await engine(scope);
    await container("web", "8005:80");
    await expect(container("api", "8000-8009:8000-8009")).rejects.toMatchObject({
      code: "PORT_IN_USE",
      what: 'cannot publish 0.0.0.0:8005/tcp for container "api"',
      why: 'port is already allocated: container "web" has published it',
    });
    await container("next", "8000-8004:8000-8004", "8006-8009:8006-8009");
  });

  test("for one port of the container is a choice: the first that is free", async () => {
    const { container } = await engine(scope);
    const server = createServer();
    await new Promise<void>((done) => server.listen(8001, "127.0.0.1", done));
    scope.defer(() => server.close());
    const ports = [];
    for (const name of ["one", "two", "three"])
      ports.push(...(await container(name, "8000-8003:80")).attachment.ports.map((port) => port.hostPort));
    expect(ports).toEqual([8000, 8002, 8003]);
    await expect(container("four", "8000-8003:80")).rejects.toMatchObject({
      code: "PORT_IN_USE",
      why: "all 4 ports from 8000-8003 are in use",
    });
  });
});

privileged("a port of UDP or IPv6 that is taken", () => {
  test.each([
    ["8000:80/udp", "udp4", "127.0.0.1"],
    ["8000:80/udp", "udp6", "::1"],
    ["[::1]:8000:80/udp", "udp6", "::1"],
  ] as const)("-p %s names the program that has %s %s", async (text, type, address) => {
    const { container } = await engine(scope);
    const socket = createSocket(type);
    scope.defer(() => socket.close());
    socket.bind(8000, address);
    await once(socket, "listening");
    await expect(container("web", text)).rejects.toMatchObject({
      code: "PORT_IN_USE",
      why: expect.stringContaining(`(pid ${process.pid}) listens on it`),
    });
  });

  test("one family does not take the other's; a port of every address takes both", async () => {
    const { container } = await engine(scope);
    await container("six", "[::]:8000:80");
    await container("four", "0.0.0.0:8000:80");
    for (const text of ["8000:80", "[::1]:8000:80", "127.0.0.1:8000:80"])
      await expect(container("both", text)).rejects.toMatchObject({ code: "PORT_IN_USE" });
  });

  test("SCTP is a protocol of its own", async () => {
    const { container } = await engine(scope);
    await container("web", "8000:80/sctp", "8000:80/tcp");
    await expect(container("api", "8000:81/sctp")).rejects.toMatchObject({
      code: "PORT_IN_USE",
      why: 'port is already allocated: container "web" has published it',
    });
  });
});

describe.skipIf(rootMissing || !hasSctp)("a port of SCTP, where the kernel has sockets for it", () => {
  test("leads to the container, which sees who calls", async () => {
    const { container } = await engine(scope);
    const outside = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    const web = await container("web", "9000:90/sctp");
    await program(web, sctpServer(90));
    expect(outside.run(process.execPath, "-e", sctpClient("198.51.100.1", 9000)).trim()).toBe("198.51.100.2");
  });

  test("is held with the kernel: another engine does not get it", async () => {
    const [one, two] = [await engine(scope), await engine(scope)];
    await one.container("web", "9000:90/sctp");
    await expect(two.container("api", "9000:90/sctp")).rejects.toMatchObject({
      code: "PORT_IN_USE",
      why: "address already in use: another program has it",
    });
    for (const text of ["0.0.0.0:9000:90/sctp", "[::]:9000:90/sctp"])
      await expect(two.container("api", text)).rejects.toMatchObject({ code: "PORT_IN_USE" });
    const [free] = (await two.container("any", "90/sctp")).attachment.ports;
    expect(free?.hostPort).toBeGreaterThan(1023);
  });
});

privileged("[::1], which the kernel cannot translate", () => {
  test("is handed on, both ways to their own ends; IPv4 beside it keeps the caller's address", async () => {
    const { container } = await engine(scope);
    const web = await container("web", "8000:80");
    await program(web, ECHO_AT_END);
    const { gateway } = web;
    expect(await say("::1", 8000, "hello")).toBe(`got 5 from ${gateway}`);
    expect(await say("127.0.0.1", 8000, "hello")).toBe(`got 5 from ${gateway}`);
    const large = new Uint8Array(32 * 1024 * 1024);
    expect(await say("::1", 8000, large)).toBe(`got ${large.length} from ${gateway}`);
  });

  test("of a container that reads nothing does not fill the daemon's memory", async () => {
    const { container } = await engine(scope);
    const web = await container("web", "8000:80");
    await program(
      web,
      `require("net").createServer((s) => s.pause()).listen(80, "0.0.0.0", () => console.log("up"))`,
    );
    const socket = connect({ host: "::1", port: 8000 });
    socket.on("error", () => {});
    scope.defer(() => socket.destroy());
    const piece = new Uint8Array(1024 * 1024);
    let sent = 0;
    while (sent < 256 && (await written(socket, piece))) sent++;
    expect(sent).toBeLessThan(64);
  });

  test("has room for a thousand at a time: who comes beyond is sent away, and in again when one has gone", async () => {
    const { container } = await engine(scope);
    const web = await container("web", "8000:80");
    await program(web, ECHO_AT_END);
    const crowd: Socket[] = [];
    scope.defer(() => {
      for (const one of crowd) one.destroy();
    });
    // A hundred at a time: more would not fit the container's own queue, and so be sent away.
    while (crowd.length < 1000) {
      const some = Array.from({ length: 100 }, () => connect({ host: "::1", port: 8000 }));
      for (const one of some) one.on("error", () => {});
      await Promise.all(some.map((one) => once(one, "connect")));
      await Bun.sleep(10);
      crowd.push(...some);
    }
    expect(await say("::1", 8000, "hello")).not.toContain("got");
    crowd[0]?.destroy();
    let answer = "";
    for (let tries = 0; tries < 100 && !answer.startsWith("got"); tries++)
      answer = await say("::1", 8000, "hello");
    expect(answer).toBe(`got 5 from ${web.gateway}`);
  });

  test("of UDP is handed on, and answers come back to who asked", async () => {
    const { container } = await engine(scope);
    const dns = await container("dns", "5300:53/udp", "[::1]:5301:53/udp");
    await serve(dns, 53, "udp");
    const { gateway } = dns;
    expect(await Promise.all([ask("::1", 5300), ask("::1", 5300), ask("::1", 5301)])).toEqual([
      gateway,
      gateway,
      gateway,
    ]);
    expect(await ask("127.0.0.1", 5301)).toBeUndefined();
  });

  test("ends with the port, and is back after the daemon's restart", async () => {
    const first = await engine(scope);
    const web = await first.container("web", "8000:80");
    await program(web, ECHO_AT_END);
    const waiting = connect({ host: "::1", port: 8000 });
    waiting.on("error", () => {});
    await once(waiting, "connect");
    const ended = once(waiting, "close");
    const second = await first.restarted();
    await ended;
    expect(await say("::1", 8000, "hello")).not.toContain("got");
    second.networks.adopt(web.attachment);
    for (let tries = 0; tries < 100 && !(await say("::1", 8000, "x")).startsWith("got"); tries++)
      await Bun.sleep(10);
    expect(await say("::1", 8000, "hello")).toBe(`got 5 from ${web.gateway}`);
    await second.networks.disconnect(web.attachment);
    expect(await say("::1", 8000, "hello")).not.toContain("got");
  });
});

/** False when it did not go out within a while. */
function written(socket: ReturnType<typeof connect>, piece: Uint8Array): Promise<boolean> {
  return Promise.race([
    new Promise<boolean>((done) => socket.write(piece, () => done(true))),
    Bun.sleep(1000).then(() => false),
  ]);
}

privileged("what is handed on", () => {
  test("R27 is closed to internal networks, whose containers reach the host by IPv6", async () => {
    const one = await engine(scope);
    const make = async (name: string, internal: boolean) => {
      const network = one.networks.reserve({
        ...{ name, driver: "bridge", interface: `br-${name}`, blocks: [block(), block({ family: 6 })] },
        ...{ internal, open: true, masquerade: true, mtu: null, publishOn: "" },
      });
      await one.networks.make(network);
      return one.join(name, name);
    };
    const [outer, inner] = [await make("outer", false), await make("inner", true)];
    const web = await one.container("web", "8000:80", "[::]:8001:80");
    await program(web, ECHO_AT_END);
    const ask = async (from: Joined, bridge: string, port: number) => {
      const shown = command("ip", "-6", "address", "show", "dev", bridge);
      const [own = "", local = ""] = shown.match(/(?<=inet6 )[^/]+/g) ?? [];
      const answers = [];
      for (const address of [own, `${local}%eth0`]) {
        const child = from.start(process.execPath, "-e", ASK, address, String(port));
        answers.push(child.stdout === null ? "" : await text(child.stdout));
      }
      return answers;
    };
    const answer = `got 5 from ${web.gateway}`;
    for (const port of [8000, 8001]) {
      expect(await ask(outer, "br-outer", port)).toEqual([answer, answer]);
      expect(await ask(inner, "br-inner", port)).toEqual(["", ""]);
    }
  });
});

/** Says hello; nothing when nobody answers. */
const ASK = `const [address, port] = process.argv.slice(-2);
  const s = require("net").connect({ host: address, port: Number(port), allowHalfOpen: true });
  s.on("error", () => process.exit()); s.pipe(process.stdout); s.on("close", () => process.exit()); s.end("hello");
  setTimeout(() => process.exit(), 1500)`;

privileged("ports of a container that runs", () => {
  test.skipIf(nft === undefined)("are opened and closed one by one, its other ports untouched", async () => {
    const { container, networks, undo } = await engine(scope);
    const { livePorts } = networks;
    const outside = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    const web = await container("web", "8000-8003:80-83");
    await Promise.all([serve(web, 80), serve(web, 82)]);
    const { attachment } = web;
    const more = await livePorts.take(attachment, [binding("9000:80")]);
    expect(call(outside, "198.51.100.1", 9000)).toBeUndefined();
    const grown = withPorts(attachment, [...attachment.ports, ...more]);
    await livePorts.open(grown, more);
    expect(call(outside, "198.51.100.1", 9000)).toBe("198.51.100.2");
    const gone = [...singles(grown.ports)].filter(({ hostPort }) => hostPort === 8002);
    const shrunk = withPorts(
      grown,
      without(grown.ports, ({ hostPort }) => hostPort === 8002),
    );
    await livePorts.close(shrunk, gone);
    expect(shrunk.ports.map(({ hostPort, count }) => [hostPort, count])).toEqual([
      [8000, 2],
      [8003, 1],
      [9000, 1],
    ]);
    expect([8000, 8002].map((port) => call("host", "127.0.0.1", port))).toEqual([web.gateway, undefined]);
    // Given back: another may have it, whatever the first one's monitor knows of its ports.
    const next = await container("next", "8002:80");
    await serve(next, 80);
    await expect(undo(web)).rejects.toThrow("operation 0: 17");
    expect(call("host", "127.0.0.1", 8002)).toBe(next.gateway);
    await networks.disconnect(shrunk, { undone: true });
    expect(elements()).toBe(1);
  });

  test("keep the connections that stand when they are withdrawn; no new one comes in", async () => {
    const { container, networks } = await engine(scope);
    const web = await container("web", "8000:80");
    await program(web, ECHO_AT_END);
    const { attachment } = web;
    const standing = connect({ host: "127.0.0.1", port: 8000, allowHalfOpen: true });
    await once(standing, "connect");
    await networks.livePorts.close(withPorts(attachment, []), attachment.ports);
    standing.end("hello");
    expect(await text(standing)).toBe(`got 5 from ${web.gateway}`);
    expect(await say("127.0.0.1", 8000, "hello")).not.toContain("got");
  });

  test("that cannot be taken change nothing", async () => {
    const { container, networks } = await engine(scope);
    await container("other", "9001:80");
    const web = await container("web", "8000:80");
    const asked = [binding("9000-9001:80-81")];
    await expect(networks.livePorts.take(web.attachment, asked)).rejects.toMatchObject({
      code: "PORT_IN_USE",
    });
    await container("next", "9000:80");
  });
});

privileged("a UDP client that keeps its port", () => {
  test("reaches the next container that the port is published for at once", async () => {
    const { container, networks } = await engine(scope);
    const outside = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    // The port is not published yet: the kernel remembers that the host itself was asked.
    const asks = (port = 5300) =>
      outside.attempt(process.execPath, "-e", fromOnePort("198.51.100.1", port)).output.trim();
    expect(asks()).toBe("");
    const names = [];
    for (const name of ["one", "two"]) {
      const dns = await container(name, "5300:53/udp", "5301-5320:53-72/udp");
      await networks.livePorts.settle(dns.attachment.ports);
      await program(dns, whoAmI(dns.address));
      names.push([asks(), asks(5301)]);
      await networks.disconnect(dns.attachment);
      expect([asks(), asks(5301)]).toEqual(["", ""]);
      names.push(dns.address);
    }
    const [first, one, second, two] = names;
    expect([first, second]).toEqual([
      [one, one],
      [two, two],
    ] as typeof names);
    expect(one).not.toBe(two);
  });

  test("of somebody else's flow through the host is left alone", async () => {
    const { container, networks } = await engine(scope);
    const outside = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    const client = await container("client");
    outside.start(process.execPath, "-e", whoAmI("there"));
    await Bun.sleep(300);
    const script = fromOnePort("198.51.100.2", 53);
    expect(client.attempt(process.execPath, "-e", script).output.trim()).toBe("there");
    const before = command("cat", "/proc/net/nf_conntrack");
    await networks.livePorts.settle([
      { hostIp: "", hostPort: 53, containerPort: 53, count: 1, protocol: "udp" },
    ]);
    expect(command("cat", "/proc/net/nf_conntrack").match(/dport=53 /g)?.length).toBe(
      before.match(/dport=53 /g)?.length,
    );
  });
});

const whoAmI = (name: string) => `const s = require("dgram").createSocket("udp4");
  s.on("message", (m, from) => s.send("${name}", from.port, from.address));
  s.bind(53, "0.0.0.0", () => console.log("up"))`;

const fromOnePort = (address: string, port: number) => `const s = require("dgram").createSocket("udp4");
  setTimeout(() => process.exit(3), 500);
  s.on("message", (m) => { console.log(String(m)); process.exit(0); });
  s.bind(40000, () => s.send("?", ${port}, "${address}"))`;
