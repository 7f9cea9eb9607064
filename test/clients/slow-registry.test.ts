import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { tar } from "../image/fixtures.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import { listening } from "../support/listening.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";

/** A registry that lets uploads begin, and then reads no more than the kernel does for it. */
async function stuckRegistry() {
  const open = new Set<Socket>();
  const uploads = new Set<Socket>();
  const answers: Readonly<Record<string, string>> = {
    GET: "200 OK",
    HEAD: "404 Not Found",
    POST: "202 Accepted\r\nLocation: /v2/big/blobs/uploads/1",
    DELETE: "204 No Content",
  };
  const server = createServer((socket) => {
    open.add(socket);
    socket
      .on("error", () => {})
      .on("close", () => {
        open.delete(socket);
        uploads.delete(socket);
      });
    socket.on("data", (bytes: Buffer) => {
      const method = bytes.toString("latin1").split(" ")[0] ?? "";
      const answer = answers[method];
      if (answer !== undefined) socket.write(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`);
      else if (method === "PATCH") {
        uploads.add(socket);
        socket.pause();
      } else socket.destroy(); // It was asked for TLS.
    });
  });
  const listened = await listening(server);
  return {
    address: listened.address,
    uploads,
    /** Reads again what is on its way, so that it sees who has gone. */
    read() {
      for (const socket of uploads) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await listened[Symbol.asyncDispose]();
    },
  };
}

describe.skipIf(rootMissing || registryMissing)("a registry that does not read what is pushed", () => {
  let host: Host;
  let engine: TestEngine;
  let shop: Registry;
  beforeAll(async () => {
    host = machine();
    [shop, engine] = await Promise.all([registry(host), testEngine(host)]);
    const layers = Array.from({ length: 4 }, (_, i) => tar({ name: `${i}`, content: randomBytes(24 << 20) }));
    await shop.push("big:1", { layers });
    await engine.docker("pull", `${shop.address}/big:1`);
  }, 120_000);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await shop?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  }, 60_000);

  const daemon = () => readFileSync(join(engine.execRoot, "inro.pid"), "utf8").trim();
  const resident = () => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${daemon()}/status`, "utf8"))?.[1]);
  /** Blobs that the daemon reads. */
  const blobsOpen = () =>
    readdirSync(`/proc/${daemon()}/fd`).filter((fd) => {
      try {
        return readlinkSync(`/proc/${daemon()}/fd/${fd}`).includes("/blobs/");
      } catch {
        return false;
      }
    }).length;

  test("keeps neither the daemon's memory nor, when the client goes, anything else of it", async () => {
    await using stuck = await stuckRegistry();
    const name = `${stuck.address}/big:1`;
    await engine.docker("tag", `${shop.address}/big:1`, name);
    const before = resident();
    const [program = "", ...words] = engine.command;
    const child = host.spawn(program, [...words, "push", name]);
    for (let tries = 0; stuck.uploads.size < 4; tries++) {
      if (tries > 500) throw new Error(`${stuck.uploads.size} uploads began`);
      await Bun.sleep(20);
    }
    await Bun.sleep(2000);
    // Of 96 MiB: a few that are read ahead, and what the kernel takes is not the daemon's.
    expect(resident() - before).toBeLessThan(64 * 1024);
    expect(child.exitCode).toBeNull();
    expect(blobsOpen()).toBe(4);
    child.kill("SIGINT");
    for (let tries = 0; blobsOpen() + stuck.uploads.size > 0; tries++) {
      stuck.read();
      if (tries > 200) throw new Error(`${blobsOpen()} blobs, ${stuck.uploads.size} uploads are open`);
      await Bun.sleep(50);
    }
  }, 60_000);
});
