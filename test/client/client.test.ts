import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ApiError, at, collect, openClient } from "../../src/client/client.ts";
import { demultiplexer } from "../../src/oci/stream-frames.ts";
import { connectUnix } from "../../src/platform/unix-stream.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A server that answers every connection with these bytes, piece by piece, and keeps what it was sent. */
function server(pieces: readonly string[], keepOpen = false) {
  const folder = temporaryFolder("cli");
  const path = join(folder.path, "s");
  const heard: string[] = [];
  const listener = Bun.listen<{ text: string; answered: boolean }>({
    unix: path,
    socket: {
      open(socket) {
        socket.data = { text: "", answered: false };
      },
      async data(socket, bytes) {
        socket.data.text += bytes.toString("latin1");
        heard[0] = socket.data.text;
        const complete = /\r\n\r\n$/.test(socket.data.text) || socket.data.text.includes("}");
        if (socket.data.answered || !complete) return;
        socket.data.answered = true;
        for (const piece of pieces) {
          socket.write(piece);
          await Bun.sleep(1);
        }
        if (!keepOpen) socket.end();
      },
    },
  });
  return {
    client: openClient(() => connectUnix(path)),
    heard: () => heard[0] ?? "",
    [Symbol.dispose]: () => {
      listener.stop(true);
      folder[Symbol.dispose]();
    },
  };
}

const get = { method: "GET", path: "/x" } as const;

describe("an answer's framing", () => {
  test("counted bytes, in any pieces, leave the rest alone", async () => {
    using s = server(["HTTP/1.1 200 OK\r\ncontent-le", "ngth: 5\r\n\r", "\nhel", "loXXX"], true);
    expect((await collect((await s.client.send(get)).body)).toString()).toBe("hello");
  });

  test("chunks, cut anywhere, with extensions and trailers", async () => {
    const text =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nWiki\r\n6\r\npedia \r\n0\r\nA: b\r\n\r\n";
    for (const size of [1, 3, 7, 1000]) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      using s = server(pieces, true);
      expect((await collect((await s.client.send(get)).body)).toString()).toBe("Wikipedia ");
    }
  });

  test("without either, up to the end of the connection", async () => {
    using s = server(["HTTP/1.1 200 OK\r\n\r\nall ", "of it"]);
    expect((await collect((await s.client.send(get)).body)).toString()).toBe("all of it");
  });

  test("204 and 304 have no body, whatever the connection does", async () => {
    using s = server(["HTTP/1.1 304 Not Modified\r\n\r\n"], true);
    const answer = await s.client.send({ ...get, expected: [304] });
    expect((await collect(answer.body)).length).toBe(0);
  });

  test("an answer that ends too early is an error, never a short success", async () => {
    for (const [answer, why] of [
      ["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhell", "it ends 5 bytes too early"],
      ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nWi", "too early"],
      ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nWiki\r\n", "in the middle of a chunk"],
      ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", '"zz" is not the size of a chunk'],
      ["HTTP/1.1 2", "it ends in its head"],
      ["SSH-2.0\r\n\r\n", "it is not HTTP"],
    ] as const) {
      using s = server([answer]);
      const read = s.client.send(get).then(({ body }) => collect(body));
      await expect(read).rejects.toThrow(why);
    }
  });
});

test("a refusal carries the engine's own words", async () => {
  using s = server(['HTTP/1.1 404 Not Found\r\ncontent-length: 27\r\n\r\n{"message":"no such thing"}']);
  const error = await s.client.json(get).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 404, message: "no such thing" });
});

test("a request: version, escaped path, query without what is not asked for, JSON", async () => {
  using s = server(["HTTP/1.1 204 No Content\r\n\r\n"]);
  const name = "a/b c";
  await s.client.send({
    method: "POST",
    path: at`/images/${name}/tag`,
    query: { repo: "x:y", force: true, quiet: false, tag: "", limit: 3 },
    body: { A: "ü" },
  });
  const [head = "", body] = s.heard().split("\r\n\r\n");
  expect(head.split("\r\n")[0]).toBe("POST /v1.51/images/a%2Fb%20c/tag?repo=x%3Ay&force=1&limit=3 HTTP/1.1");
  expect(head.toLowerCase()).toContain("content-length: 10");
  expect(Buffer.from(body ?? "", "latin1").toString("utf8")).toBe('{"A":"ü"}');
});

test("a stream is sent in chunks", async () => {
  using s = server(["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"]);
  async function* parts() {
    yield Buffer.from("one");
    yield Buffer.from("");
    yield Buffer.from("four");
  }
  await s.client.send({ method: "PUT", path: "/x", stream: parts() });
  expect(s.heard()).toEndWith("\r\n\r\n3\r\none\r\n4\r\nfour\r\n0\r\n\r\n");
});

test("a stream of JSON lines, cut anywhere", async () => {
  using s = server(["HTTP/1.1 200 OK\r\n\r\n", '{"a":', '1}\r\n{"a":2}\n', '\n{"t":1795489632056527611}']);
  const found: unknown[] = [];
  for await (const value of s.client.values(get)) found.push(value);
  expect(found).toEqual([{ a: 1 }, { a: 2 }, { t: 1795489632056527611n }]);
});

describe("hijack", () => {
  test("what comes with the head is the stream's beginning, and a half-close leaves the answer open", async () => {
    using folder = temporaryFolder("cli");
    const path = join(folder.path, "s");
    const listener = Bun.listen<{ text: string; upgraded: boolean }>({
      unix: path,
      allowHalfOpen: true,
      socket: {
        open(socket) {
          socket.data = { text: "", upgraded: false };
        },
        data(socket, bytes) {
          socket.data.text += bytes.toString();
          if (socket.data.upgraded || !socket.data.text.includes("\r\n\r\n")) return;
          socket.data.upgraded = true;
          socket.data.text = "";
          socket.write(
            "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nearly ",
          );
        },
        end(socket) {
          socket.end(`got ${socket.data.text}`);
        },
      },
    });
    try {
      const client = openClient(() => connectUnix(path));
      const stream = await client.hijack({ method: "POST", path: "/attach" });
      await stream.write("input");
      stream.end();
      let text = "";
      for (let part = await stream.read(); part !== null; part = await stream.read())
        text += Buffer.from(part);
      expect(text).toBe("early got input");
    } finally {
      listener.stop(true);
    }
  });

  test("a refusal is an error", async () => {
    using s = server(['HTTP/1.1 409 Conflict\r\ncontent-length: 16\r\n\r\n{"message":"no"}']);
    const refused = s.client.hijack({ method: "POST", path: "/attach" });
    await expect(refused).rejects.toMatchObject({ status: 409, message: "no" });
  });

  test("nobody listens: the system's own code", async () => {
    expect(await connectUnix("/nonexistent/socket").catch((e: { code: string }) => e.code)).toBe("ENOENT");
  });

  test("a slow reader makes the peer wait: the memory in between is bounded", async () => {
    using folder = temporaryFolder("cli");
    const path = join(folder.path, "s");
    const total = 64 << 20;
    let sent = 0;
    const part = Buffer.alloc(1 << 16);
    const pump = (socket: Bun.Socket<undefined>) => {
      while (sent < total) {
        const wrote = socket.write(part);
        sent += Math.max(0, wrote);
        if (wrote < part.length) return;
      }
      socket.end();
    };
    const listener = Bun.listen({ unix: path, socket: { open: pump, drain: pump, data() {} } });
    try {
      const stream = await connectUnix(path);
      await Bun.sleep(100);
      expect(sent).toBeLessThan(8 << 20);
      let received = 0;
      for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read())
        received += bytes.length;
      expect(received).toBe(sent);
    } finally {
      listener.stop(true);
    }
  });
});

test("docker's frames, cut anywhere", () => {
  const frame = (stream: number, text: string) => {
    const head = Buffer.alloc(8);
    head[0] = stream;
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const bytes = Buffer.concat([frame(1, "out 1\n"), frame(2, "error\n"), frame(1, ""), frame(1, "out 2\n")]);
  for (let size = 1; size <= bytes.length; size++) {
    const shown = { stdout: "", stderr: "" };
    const take = demultiplexer((stream, part) => {
      shown[stream] += Buffer.from(part).toString();
    });
    for (let i = 0; i < bytes.length; i += size) take(bytes.subarray(i, i + size));
    expect(shown).toEqual({ stdout: "out 1\nout 2\n", stderr: "error\n" });
  }
});
