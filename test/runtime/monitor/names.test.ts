/** What a container asks by DNS goes through its monitor, which keeps nothing of it and is never held up. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeFrame } from "../../../src/kernel/plan/encode.ts";
import { loopbackFragment } from "../../../src/network/fragment.ts";
import { answer } from "../../../src/network/names/answer.ts";
import { namesFragment } from "../../../src/network/names/redirection.ts";
import { zoneOf } from "../../../src/network/names/zone.ts";
import { connectSocket } from "../../../src/runtime/monitor/connect.ts";
import type { NameHandler } from "../../../src/runtime/runtime.ts";
import { within } from "../../support/host.ts";
import { container, isRoot, native, type Options } from "./container.ts";

const sanitized = `${native}-sanitized`;
const programs = join(import.meta.dir, "../../network/names");
const zones = [zoneOf("web", [], [{ names: ["db"], addresses: ["10.9.8.7"] }])];
const right = { rcode: 0, cut: false, data: ["10.9.8.7"] };

const handler: NameHandler = (query, stream, reply) => {
  const found = answer(query, { zones, gateways: [], forwards: false }, { stream, turn: 0 });
  if (found instanceof Uint8Array) reply(found);
};

async function asking(o: Options = {}) {
  const c = await container(["/bin/sleep", "60"], {
    ...{ ownNetwork: true, map: namesFragment.map, ...o },
    build: [...loopbackFragment.build, ...namesFragment.build],
  });
  await c.start();
  const inside = within(["nsenter", "-t", String(c.monitor.pid), "-n"]);
  const run = async (program: string, ...words: string[]) =>
    (await inside.run(process.execPath, [join(programs, program), ...words])).stdout.trim();
  const ask = async (how: string, ...words: string[]) => JSON.parse(await run("client.ts", how, ...words));
  return { ...c, run, ask, [Symbol.asyncDispose]: () => c[Symbol.asyncDispose]() };
}

/** proc_pid_stat(5): user and system time, in hundredths of a second. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** While nothing can be done for what waits, nothing is tried. */
async function expectRest(pid: number): Promise<void> {
  const before = ticksOf(pid);
  await Bun.sleep(1000);
  expect(ticksOf(pid) - before).toBeLessThan(10);
}

describe.skipIf(!isRoot || !existsSync(sanitized))("a monitor with name sockets", () => {
  test("passes on datagrams and streams, and their answers back", async () => {
    await using c = await asking({ native: sanitized });
    void c.monitor.serveNames(handler);
    const words = Array.from({ length: 50 }, () => "db");
    for (const how of ["udp", "tcp"])
      expect(await c.ask(how, ...words)).toEqual(words.map(() => expect.objectContaining(right)));
  }, 120_000);

  test("is not hurt by what no resolver sends", async () => {
    await using c = await asking({ native: sanitized });
    void c.monitor.serveNames(handler);
    expect(await c.run("hostile.ts")).toBe("done");
    for (const how of ["udp", "tcp"])
      expect(await c.ask(how, "db")).toEqual([expect.objectContaining(right)]);
    await expectRest(c.monitorPid);
  }, 120_000);

  test("lets queries wait while nobody answers, and rests", async () => {
    await using c = await asking();
    const asked = [c.ask("udp", "db", "db"), c.ask("tcp", "db")];
    await Bun.sleep(300);
    await expectRest(c.monitorPid);
    void c.monitor.serveNames(handler);
    for (const one of asked) for (const told of await one) expect(told).toMatchObject(right);
  }, 120_000);

  test("rests before an engine that does not read; the next one answers what is left", async () => {
    await using c = await asking({ native: sanitized });
    const stuck = await connectSocket(c.socketFolder);
    stuck.pause();
    stuck.write(encodeFrame("names", 1, {}));
    const flood = c.run("hostile.ts");
    await Bun.sleep(1500);
    await expectRest(c.monitorPid);
    void c.monitor.serveNames(handler);
    expect((await c.monitor.state()).status).toBe("running");
    stuck.destroy();
    expect(await c.ask("udp", "db")).toEqual([expect.objectContaining(right)]);
    expect(await flood).toBe("done");
  }, 120_000);

  test("says that it has none where the plan made none", async () => {
    await using c = await container(["/bin/sleep", "60"]);
    await c.start();
    await expect(c.monitor.serveNames(handler)).rejects.toMatchObject({ code: "NO_SUCH_SESSION" });
  });

  test("ends with its container while it is asked", async () => {
    await using c = await asking({ native: sanitized });
    void c.monitor.serveNames(handler);
    const flood = c.run("hostile.ts");
    await Bun.sleep(200);
    await c.monitor.signal(9);
    expect((await c.monitor.exited).signal).toBe(9);
    await flood;
  }, 120_000);
});
