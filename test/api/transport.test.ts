import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { join as path } from "node:path";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { begin, empty, json, send, stream } from "../../src/api/answer.ts";
import { body } from "../../src/api/body.ts";
import { dispatcher } from "../../src/api/dispatch.ts";
import type { Route, Served } from "../../src/api/exchange.ts";
import { join } from "../../src/api/join.ts";
import { InroError } from "../../src/oci/error.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** The HTTP floor alone, with routes of the test's own: none of them asks the engine anything. */
const noEngine = {} as Served;
const MiB = 1024 * 1024;

const seen = { cancelled: 0, produced: 0, echoClosed: 0 };

/** Says back what it hears, and `bye` when the client closed its half. */
function echo(): Duplex {
  return new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      this.push(chunk);
      done();
    },
    final(done) {
      this.push("bye");
      this.push(null);
      done();
    },
    destroy(error, done) {
      seen.echoClosed++;
      done(error);
    },
  });
}

/** Produces as fast as it is read, up to a gigabyte; takes nothing. */
function flood(): Duplex {
  const block = Buffer.alloc(64 * 1024);
  return new Duplex({
    read() {
      seen.produced += block.length;
      this.push(seen.produced > 1024 * MiB ? null : block);
    },
    write(_chunk, _encoding, done) {
      done();
    },
  });
}

const routes: readonly Route[] = [
  { method: "GET", pattern: "/json", handle: (x) => json(x, 200, { a: 1 }) },
  { method: "POST", pattern: "/empty", handle: (x) => empty(x, 204) },
  {
    method: "GET",
    pattern: "/throws",
    handle: () => {
      throw new Error("a bug");
    },
  },
  {
    method: "GET",
    pattern: "/conflict",
    handle: () => {
      throw new InroError("NAME_IN_USE", { what: "cannot", why: "taken" });
    },
  },
  {
    method: "GET",
    pattern: "/breaks",
    handle: async (x) => {
      begin(x, "text/plain");
      await send(x, "half");
      throw new Error("a bug");
    },
  },
  { method: "POST", pattern: "/body", handle: async (x) => json(x, 200, (await body(x.request)).fields) },
  {
    method: "GET",
    pattern: "/hang",
    handle: async (x) => {
      begin(x, "text/plain");
      await once(x.signal, "abort");
      seen.cancelled++;
    },
  },
  { method: "GET", pattern: "/flood", handle: (x) => stream(x, "text/plain", flood()) },
  {
    method: "GET",
    pattern: "/lines",
    handle: async (x) => {
      begin(x, "text/plain");
      for (const block of [Buffer.alloc(64 * 1024)])
        for (let i = 0; i < 16 * 1024; i++) {
          seen.produced += block.length;
          await send(x, block);
        }
      x.response.end();
    },
  },
  {
    method: "POST",
    pattern: "/slurp",
    handle: async (x) => {
      for await (const part of x.request as AsyncIterable<Buffer>) {
        seen.produced += part.length;
        await sleep(50, undefined, { signal: x.signal });
      }
    },
  },
  {
    method: "POST",
    pattern: "/echo",
    hijack: async (x) => {
      const asked = await x.body();
      if (asked.fields["refuse"] === true)
        throw new InroError("NO_SUCH_EXEC", { what: "cannot", why: "none" });
      if (asked.fields["decline"] === true) return x.decline(200);
      await sleep(20);
      const detachKeys = asked.fields["keys"] === true ? Uint8Array.from([16, 17]) : null;
      join(await x.accept("application/vnd.docker.raw-stream"), echo(), {
        stdin: true,
        detachKeys,
        onDetach: () => {},
      });
    },
  },
  {
    method: "POST",
    pattern: "/pour",
    hijack: async (x) => {
      join(await x.accept("application/vnd.docker.raw-stream"), flood(), {
        stdin: false,
        detachKeys: null,
        onDetach: () => {},
      });
    },
  },
];

const folder = temporaryFolder("api");
const socketPath = path(folder.path, "s");
let server: Server;

beforeAll(async () => {
  server = createServer();
  const dispatch = dispatcher(noEngine, routes);
  server.on("request", (request, response) => void dispatch.request(request, response));
  server.on("upgrade", (request, socket, head) => void dispatch.upgrade(request, socket as Socket, head));
  server.listen(socketPath);
  await once(server, "listening");
});

afterAll(() => {
  server.close();
  folder[Symbol.dispose]();
});

async function open(text: string): Promise<Socket> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

const request = (method: string, path: string, payload = "") =>
  `${method} ${path} HTTP/1.1\r\nHost: inro\r\nConnection: close\r\nContent-Length: ${payload.length}\r\n\r\n${payload}`;

const upgrade = (path: string, payload = "") =>
  `POST ${path} HTTP/1.1\r\nHost: inro\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${payload.length}\r\n\r\n${payload}`;

async function all(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (part: Buffer) => {
    text += part.toString("latin1");
  });
  await once(socket, "close");
  return text;
}

/** Reads until `text` was seen. */
function until(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let found = "";
    const onData = (part: Buffer) => {
      found += part.toString("latin1");
      if (!found.includes(text)) return;
      socket.off("data", onData);
      resolve(found);
    };
    socket.on("data", onData);
    socket.on("end", () => reject(new Error(`the end came after ${JSON.stringify(found)}`)));
  });
}

async function exchange(text: string): Promise<{ status: number; body: string; head: string }> {
  const socket = await open(text);
  socket.on("end", () => socket.end());
  const answer = await all(socket);
  const [head = "", ...rest] = answer.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, body: rest.join("\r\n\r\n") };
}

describe("answers", () => {
  test("carry the API's version and the server's name", async () => {
    const { head, body } = await exchange(request("GET", "/v1.43/json"));
    expect(head.toLowerCase()).toContain("api-version: 1.51");
    expect(head.toLowerCase()).toContain("server: inro");
    expect(body).toBe('{"a":1}\n');
  });

  test.each([
    ["/throws", 500, "a bug"],
    ["/conflict", 409, "cannot: taken"],
    ["/nothing", 404, "page not found"],
    ["/v1.99/json", 400, "client version 1.99 is too new"],
  ])("GET %s → %d", async (path, status, message) => {
    const answer = await exchange(request("GET", path));
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body).message).toContain(message);
  });

  test("a failure after the head cuts the answer short, so that it is not taken for whole", async () => {
    const { body } = await exchange(request("GET", "/breaks"));
    expect(body).toContain("half");
    expect(body).not.toEndWith("0\r\n\r\n");
  });

  test("a body that is not JSON is a 400, one that is too long a 413", async () => {
    expect((await exchange(request("POST", "/body", "{"))).status).toBe(400);
    expect((await exchange(request("POST", "/body", '{"b":2}'))).body).toBe('{"b":2}\n');
    expect((await exchange(request("POST", "/body", `"${"x".repeat(9 * MiB)}"`))).status).toBe(413);
  });

  test.each([
    ["POST", "/empty", "204"],
    ["POST", "/nothing", "404"],
    ["GET", "/conflict", "409"],
    ["POST", "/body", "413"],
  ])(
    "%s %s is answered %s, however much of a body comes that nobody reads",
    async (method, where, status) => {
      const socket = await open(
        `${method} ${where} HTTP/1.1\r\nHost: inro\r\nContent-Length: ${64 * MiB}\r\n\r\n`,
      );
      const answered = until(socket, "\r\n\r\n");
      for (let sent = 0; sent < 64; sent++)
        if (!socket.write(Buffer.alloc(MiB, "x"))) await Promise.race([once(socket, "drain"), sleep(1000)]);
      expect(await answered).toStartWith(`HTTP/1.1 ${status} `);
      socket.destroy();
    },
    30_000,
  );

  test("a client that goes away cancels the work", async () => {
    const socket = await open(request("GET", "/hang"));
    await until(socket, "\r\n\r\n");
    const before = seen.cancelled;
    socket.destroy();
    await sleep(200);
    expect(seen.cancelled).toBe(before + 1);
  });
});

describe("a hijacked connection", () => {
  test("is upgraded after its body was read, carries bytes both ways and half-closes", async () => {
    const socket = await open(upgrade("/echo", '{"Detach":false}'));
    expect(await until(socket, "\r\n\r\n")).toStartWith("HTTP/1.1 101 UPGRADED\r\n");
    socket.write("hello");
    await until(socket, "hello");
    socket.end();
    expect(await all(socket)).toBe("bye");
  });

  test("loses nothing that was sent before the answer", async () => {
    const socket = await open(`${upgrade("/echo")}early`);
    expect(await until(socket, "early")).toContain("101 UPGRADED");
    socket.end();
    expect(await all(socket)).toBe("bye");
  });

  test("answers 200 and raw bytes to a client that did not ask for an upgrade", async () => {
    const chunked = "POST /echo HTTP/1.1\r\nHost: inro\r\nContent-Length: 2\r\n\r\n{}";
    const socket = await open(chunked);
    const head = await until(socket, "\r\n\r\n");
    expect(head).toStartWith("HTTP/1.1 200");
    expect(head.toLowerCase()).not.toContain("chunked");
    socket.destroy();
  });

  test("is refused before the upgrade like any request", async () => {
    const refused = await exchange(upgrade("/echo", '{"refuse":true}'));
    expect([refused.status, JSON.parse(refused.body).message]).toEqual([404, "cannot: none"]);
    expect((await exchange(upgrade("/echo", '{"decline":true}'))).status).toBe(200);
    expect((await exchange(upgrade("/json"))).status).toBe(405);
    expect((await exchange(upgrade("/nothing"))).status).toBe(404);
  });

  test("ends at the detach keys", async () => {
    const socket = await open(upgrade("/echo", '{"keys":true}'));
    await until(socket, "\r\n\r\n");
    socket.write("ab\x10");
    await until(socket, "ab");
    socket.write("\x11never");
    socket.on("end", () => socket.end());
    expect(await all(socket)).toBe("");
  });

  test("lets go of the container's stream when the client goes away", async () => {
    const socket = await open(upgrade("/echo"));
    await until(socket, "\r\n\r\n");
    const before = seen.echoClosed;
    socket.destroy();
    await sleep(200);
    expect(seen.echoClosed).toBe(before + 1);
  });
});

describe("a slow client is bounded", () => {
  async function producedFor(text: string): Promise<number> {
    seen.produced = 0;
    const socket = await open(text);
    socket.pause();
    await sleep(700);
    const { produced } = seen;
    socket.destroy();
    await sleep(100);
    return produced;
  }

  test.each([
    ["a tar", request("GET", "/flood")],
    ["a log", request("GET", "/lines")],
    ["an attached stream", upgrade("/pour")],
  ])("%s waits for it", async (_what, text) => {
    const produced = await producedFor(text);
    expect(produced).toBeGreaterThan(0);
    expect(produced).toBeLessThan(16 * MiB);
  });

  test("an upload waits for us", async () => {
    seen.produced = 0;
    const socket = await open(`POST /slurp HTTP/1.1\r\nHost: inro\r\nContent-Length: ${1024 * MiB}\r\n\r\n`);
    let sent = 0;
    const block = Buffer.alloc(256 * 1024);
    const until = Date.now() + 700;
    while (Date.now() < until) {
      if (socket.write(block)) sent += block.length;
      else await Promise.race([once(socket, "drain"), sleep(100)]);
    }
    socket.destroy();
    expect(sent).toBeLessThan(32 * MiB);
  });
});
