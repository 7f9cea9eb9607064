/** Whoever may open the monitor's socket can be wrong, and must not end a container. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { frames } from "../../../src/kernel/plan/frames.ts";
import { connectSocket } from "../../../src/runtime/monitor/connect.ts";
import { all, container, everything, isRoot, native, sh, unframe } from "./container.ts";

const sanitized = `${native}-sanitized`;

/** A small generator with a seed, so that a failure can be repeated. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const types = Object.values(frames).map(({ type }) => type);

/** A frame that is almost right: real types, lengths and texts, a few of them wrong. */
function almostFrame(random: (below: number) => number): Buffer {
  const payload = Buffer.alloc(random(40));
  for (let i = 0; i < payload.length; i++) payload[i] = random(4) === 0 ? random(256) : 0;
  const frame = Buffer.alloc(12);
  frame.writeUInt32LE(random(20) === 0 ? random(2 ** 31) : payload.length + 8, 0);
  frame.writeUInt16LE(random(10) === 0 ? random(65_536) : (types[random(types.length)] ?? 0), 4);
  frame.writeUInt32LE(random(1000), 8);
  const killing = [frames.signal.type, frames.start.type, frames.closeStdin.type].includes(
    frame.readUInt16LE(4) as never,
  );
  return killing ? Buffer.alloc(3) : Buffer.concat([frame, payload]);
}

describe.skipIf(!isRoot || !existsSync(sanitized))("a monitor built with sanitizers", () => {
  test("survives thousands of malformed frames, and its container with it", async () => {
    await using c = await container(sh("read x; echo $x"), { native: sanitized });
    await c.start();
    const random = randomNumbers(20_261_124);
    for (let i = 0; i < 150; i++) {
      const socket = await connectSocket(c.folder);
      socket.on("error", () => {});
      socket.resume();
      for (let n = random(20); n >= 0; n--) socket.write(almostFrame(random));
      if (random(2) === 0) await Bun.sleep(1);
      socket.destroy();
    }
    const stream = await c.monitor.attach(all);
    stream.write("alive\n");
    expect(unframe(await everything(stream)).stdout).toBe("alive\n");
    expect((await c.monitor.exited).signal).toBe(0);
  }, 20_000);

  test("keeps the streams of many clients that come, stall and go apart", async () => {
    await using c = await container(sh("read x; seq 1 50000; sleep 0.3"), { native: sanitized, maxSize: 0 });
    const streams = await Promise.all(Array.from({ length: 20 }, () => c.monitor.attach(all)));
    await c.start();
    for (const [i, stream] of streams.entries()) if (i % 4 === 3) stream.destroy();
    const kept = streams.filter((_, i) => i % 4 !== 3);
    const read = kept.map(async (stream, i) => {
      if (i % 2 === 0) stream.pause();
      await Bun.sleep(i * 20);
      return unframe(await everything(stream)).stdout;
    });
    kept[0]?.write("go\n");
    for (const stdout of await Promise.all(read)) expect(stdout).toEndWith("\n49999\n50000\n");
    expect(existsSync(join(c.folder, "exit.json"))).toBe(true);
  }, 20_000);

  test("refuses the 257th client and serves the others", async () => {
    await using c = await container(sh("sleep 30"));
    await c.start();
    const sockets = [];
    for (let i = 0; i < 300; i++) sockets.push(await connectSocket(c.folder).catch(() => undefined));
    expect((await c.monitor.state()).status).toBe("running");
    for (const socket of sockets) socket?.destroy();
    await Bun.sleep(100);
    const again = await c.connect();
    expect((await again.state()).status).toBe("running");
    again.close();
  });
});

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Processor time in clock ticks of 10 ms (proc_pid_stat(5): utime and stime). */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

const limitDescriptors = (pid: number, most: number): void => {
  const { exitCode } = Bun.spawnSync(["prlimit", "--pid", String(pid), `--nofile=${most}:4096`]);
  expect(exitCode).toBe(0);
};

describe.skipIf(!isRoot)("a monitor", () => {
  test("lets go of clients that vanish while output flows", async () => {
    await using c = await container(sh("while :; do echo x; done"));
    await c.start();
    const before = descriptorsOf(c.monitorPid);
    for (let i = 0; i < 40; i++) {
      const stream = await c.monitor.attach(all);
      await new Promise((resolve) => stream.once("data", resolve));
      stream.destroy();
    }
    for (let i = 0; i < 50 && descriptorsOf(c.monitorPid) > before; i++) await Bun.sleep(20);
    expect(descriptorsOf(c.monitorPid)).toBeLessThanOrEqual(before);
  }, 20_000);

  test("without a descriptor for the next connection does not spin, and takes it when there is one", async () => {
    await using c = await container(sh("read x"));
    await c.start();
    limitDescriptors(c.monitorPid, 3);
    const next = c.connect();
    await Bun.sleep(100);
    const before = ticksOf(c.monitorPid);
    await Bun.sleep(500);
    const spent = ticksOf(c.monitorPid) - before;
    limitDescriptors(c.monitorPid, 1024);
    (await next).close();
    expect(spent).toBeLessThan(10);
  });
});
