import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { openHistory } from "../../../src/build/history/history.ts";
import { cliEngine, engineMissing } from "../../cli/engine.ts";
import { listening } from "../../support/listening.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { write } from "../building.ts";

const about = (id: string) => ({ id, dockerfile: "Dockerfile", context: "/app", target: null, names: [] });
const output = (text: string) =>
  ({ type: "output", step: 1, stream: "stdout", data: Buffer.from(text) }) as const;
const end = { state: "done", image: "sha256:1", error: "" } as const;
const never = new AbortController().signal;

async function all(log: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of log) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe("a build's log that is followed", () => {
  test("comes from its beginning to its end, whenever one begins, and whoever else reads it or does not", async () => {
    using folder = temporaryFolder("history");
    const history = openHistory(folder.path);
    const recording = history.begin(about("aa"));
    const follow = () => history.follow(history.find("aa"), never);
    const idle = follow();
    const early = all(follow());
    const stuck = follow();
    recording.tell(output("x".repeat(200_000)));
    await Bun.sleep(1);
    expect((await stuck.next()).done).toBe(false);
    const middle = all(follow());
    for (let n = 0; n < 100; n++) {
      recording.tell(output(`line ${n}\n`));
      if (n % 10 === 0) await Bun.sleep(1);
    }
    recording.end(end);
    const whole = readFileSync(history.logOf(history.find("aa")), "utf8");
    expect(whole.length).toBeGreaterThan(200_000);
    for (const log of [early, middle, all(follow()), all(idle)]) expect((await log) === whole).toBe(true);
    await stuck.return(undefined);
  });

  test("ends with a build that has told nothing, and for who gives up", async () => {
    using folder = temporaryFolder("history");
    const history = openHistory(folder.path);
    const recording = history.begin(about("aa"));
    const controller = new AbortController();
    const given = all(history.follow(history.find("aa"), controller.signal));
    const waiting = all(history.follow(history.find("aa"), never));
    await Bun.sleep(5);
    controller.abort(new Error("gone"));
    await expect(given).rejects.toThrow("gone");
    recording.end(end);
    expect(await waiting).toBe("");
  });

  test("comes whole where it is removed meanwhile", async () => {
    using folder = temporaryFolder("history");
    const history = openHistory(folder.path, { builds: 1, bytes: 1_000_000 });
    const first = history.begin(about("aa"));
    const log = all(history.follow(history.find("aa"), never));
    first.tell(output("first"));
    await Bun.sleep(5);
    const second = history.begin(about("bb"));
    first.end(end);
    second.end(end);
    expect(JSON.parse(await log)).toMatchObject({ type: "output", text: "first" });
  });
});

describe.skipIf(engineMissing)("inro builder logs -f", () => {
  const cli = cliEngine();

  test("follows a build to its end, for several; one that reads nothing holds up nobody", async () => {
    using folder = temporaryFolder("follow");
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const server = createServer(async (_, response) => {
      asked.resolve();
      await gate.promise;
      response.end("open\n");
    });
    await using listener = await listening(server);
    try {
      const wait = `RUN echo before; wget -qO- http://${listener.address}/; seq 2000000; echo after`;
      write(folder.path, { Dockerfile: `FROM busybox\n${wait}\nRUN echo last\n` });
      const building = cli.inro("build", "-q", "--no-cache", "--network", "host", folder.path);
      await asked.promise;
      const id = (await cli.out("builder", "ls", "-q")).trim();
      const followers = [cli.out("builder", "logs", "-f"), cli.out("builder", "logs", "-f", id)];
      const stuck = connect(cli.engine.socket, () => {
        stuck.pause();
        stuck.write(`GET /inro/builds/${id}/log?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
      });
      await untilShown(cli.engine.socket, id, "before");
      expect(await cli.out("builder", "ls", "--format", "{{.State}}")).toBe("running\n");
      gate.resolve();
      expect((await building).code).toBe(0);
      const whole = await cli.out("builder", "logs", id);
      expect(whole).toMatch(/ before\n.* open\n.* last\n.*built sha256:/s);
      for (const text of await Promise.all(followers)) expect(text === whole).toBe(true);
      stuck.destroy();
    } finally {
      gate.resolve();
    }
  }, 120_000);
});

/** Follows a log until it says so, and leaves. */
function untilShown(socketPath: string, id: string, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(socketPath, () =>
      socket.write(`GET /inro/builds/${id}/log?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n`),
    );
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`it ended with ${text}`)));
    socket.on("data", (part) => {
      text += part.toString();
      if (!text.includes(`"text":"${what}`)) return;
      resolve();
      socket.destroy();
    });
  });
}
