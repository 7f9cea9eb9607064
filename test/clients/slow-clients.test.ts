import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import { busyboxMissing, loadBusybox } from "./busybox.ts";

describe.skipIf(rootMissing || busyboxMissing)("clients that do not read", () => {
  let host: Host;
  let engine: TestEngine;
  let container: string;

  beforeAll(async () => {
    host = machine();
    engine = await testEngine(host);
    await loadBusybox(engine);
    // Sparse on the disk, and none the less so many bytes for who reads it.
    await engine.inro("volume", "create", "large");
    writeFileSync(join(engine.dataRoot, "volumes/large/_data/file"), "");
    truncateSync(join(engine.dataRoot, "volumes/large/_data/file"), 512 << 20);
    const noise = "while :; do echo 0123456789012345678901234567890123456789; done";
    container = (
      await engine.docker("run", "-d", "--name", "noisy", "busybox", "sh", "-c", noise)
    ).stdout.trim();
  }, 60_000);

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  }, 60_000);

  const daemon = () => readFileSync(join(engine.execRoot, "inro.pid"), "utf8").trim();

  /** Kilobytes that are in memory for the daemon. */
  const resident = () => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${daemon()}/status`, "utf8"))?.[1]);

  const descriptors = () => readdirSync(`/proc/${daemon()}/fd`).length;

  async function ask(method: string, path: string, ...headers: string[]): Promise<Socket> {
    const socket = connect(engine.socket);
    await once(socket, "connect");
    socket.pause();
    socket.write(
      [
        `${method} ${path.startsWith("/") ? path : `/containers/${container}/${path}`} HTTP/1.1`,
        "Host: inro",
        ...headers,
        "",
        "",
      ].join("\r\n"),
    );
    return socket;
  }

  test("keep neither the daemon's memory nor the container, and leave nothing behind", async () => {
    const [descriptorsBefore, before] = [descriptors(), resident()];
    const clients: Socket[] = [];
    for (let round = 0; round < 3; round++) {
      clients.push(
        await ask("POST", "attach?stream=1&stdout=1&stderr=1", "Connection: Upgrade", "Upgrade: tcp"),
        await ask("GET", "logs?follow=1&stdout=1"),
        await ask("GET", "export"),
        await ask("GET", "archive?path=/"),
        await ask("GET", "stats"),
        await ask("GET", "/inro/volumes/large/export"),
      );
    }
    await Bun.sleep(3000);
    expect(resident() - before).toBeLessThan(48 * 1024);

    const alive = await engine.docker("exec", "noisy", "echo", "alive");
    expect(alive.stdout).toBe("alive\n");
    const written = async () => (await engine.docker("logs", "-t", "--tail", "1", "noisy")).stdout;
    const first = await written();
    await Bun.sleep(100);
    expect(await written()).not.toBe(first);

    for (const client of clients) client.destroy();
    for (let tries = 0; descriptors() > descriptorsBefore + 2; tries++) {
      if (tries > 100) throw new Error(`${descriptors()} descriptors are open, ${descriptorsBefore} were`);
      await Bun.sleep(50);
    }
    expect((await engine.inro("volume", "rm", "large")).code).toBe(0);
  }, 30_000);
});
