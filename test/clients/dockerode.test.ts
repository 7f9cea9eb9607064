import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import { busyboxMissing, loadBusybox } from "./busybox.ts";

describe.skipIf(rootMissing || busyboxMissing)("dockerode", () => {
  let host: Host;
  let engine: TestEngine;
  let docker: Docker;

  beforeAll(async () => {
    host = machine();
    engine = await testEngine(host);
    await loadBusybox(engine);
    docker = new Docker({ socketPath: engine.socket });
  }, 60_000);

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  }, 60_000);

  async function text(
    fill: (stdout: PassThrough, stderr: PassThrough) => Promise<void>,
  ): Promise<[string, string]> {
    const found: [string, string] = ["", ""];
    const streams = [new PassThrough(), new PassThrough()] as const;
    for (const [index, stream] of streams.entries()) {
      stream.on("data", (part: Buffer) => {
        found[index] += part.toString();
      });
    }
    await fill(...streams);
    return found;
  }

  test("run: a container from its creation to its removal", async () => {
    const command = ["sh", "-c", "echo hello; echo err >&2; exit 3"];
    let ran: [{ StatusCode: number }, Docker.Container] | undefined;
    const said = await text(async (...streams) => {
      // dockerode resolves with the exit code, and the output may come after it.
      const heard = streams.map((stream) => once(stream, "data"));
      ran = await docker.run("busybox", command, [...streams], { Tty: false });
      await Promise.all(heard);
    });
    expect([ran?.[0].StatusCode, ...said]).toEqual([3, "hello\n", "err\n"]);
    await ran?.[1].remove();
    expect(await docker.listContainers({ all: true })).toEqual([]);
  });

  test("attach with a hijacked connection carries stdin and its end", async () => {
    const container = await docker.createContainer({
      Image: "busybox",
      Cmd: ["cat"],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
    });
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    const [stdout] = await text(async (out, err) => {
      container.modem.demuxStream(stream, out, err);
      await container.start();
      stream.write("one\n");
      stream.end("two\n");
      await once(stream, "end");
    });
    expect(stdout).toBe("one\ntwo\n");
    expect(await container.wait()).toEqual({ StatusCode: 0 });
    await container.remove();
  });

  test("typing the detach keys that the client chose ends its stream, not the container", async () => {
    const options = { Image: "busybox", Cmd: ["sh"], Tty: true, OpenStdin: true };
    const container = await docker.createContainer(options);
    const attached = { stream: true, stdin: true, stdout: true, hijack: true, detachKeys: "ctrl-x,q" };
    const stream = await container.attach(attached);
    let drawn = "";
    stream.on("data", (part: Buffer) => {
      drawn += part.toString();
    });
    await container.start();
    stream.write("echo it:$((20+2))\r");
    while (!drawn.includes("it:22")) await Bun.sleep(10);
    const end = once(stream, "end");
    stream.write("\x18");
    stream.write("q");
    await end;
    expect((await container.inspect()).State.Running).toBe(true);
    await container.remove({ force: true });
  }, 20_000);

  test("exec, logs, stats, top, inspect, archive", async () => {
    const container = await docker.createContainer({
      Image: "busybox",
      Cmd: ["sh", "-c", "echo logged; sleep 600"],
      HostConfig: { Memory: 64 << 20 },
    });
    await container.start();
    const exec = await container.exec({
      Cmd: ["sh", "-c", "echo in; echo err >&2; exit 3"],
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({});
    const said = await text(async (out, err) => {
      docker.modem.demuxStream(stream, out, err);
      await once(stream, "end");
    });
    expect(said).toEqual(["in\n", "err\n"]);
    expect(await exec.inspect()).toMatchObject({ Running: false, ExitCode: 3 });
    const logs = await container.logs({ stdout: true, stderr: true });
    expect(logs.toString()).toContain("logged\n");
    const stats = await container.stats({ stream: false, "one-shot": true });
    expect(stats.memory_stats.limit).toBe(64 << 20);
    expect((await container.top()).Titles).toContain("PID");
    expect((await container.inspect()).State.Running).toBe(true);
    const tar = await container.getArchive({ path: "/etc" });
    tar.resume();
    await once(tar, "end");
    await container.remove({ force: true });
  }, 30_000);

  test("failures carry Docker's status codes", async () => {
    const status = async (work: Promise<unknown>) =>
      work.then(
        () => 200,
        (error: { statusCode: number }) => error.statusCode,
      );
    expect(await status(docker.getContainer("nothing").inspect())).toBe(404);
    expect(await status(docker.getImage("nothing").inspect())).toBe(404);
    expect(await status(docker.createContainer({ Image: "nothing" }))).toBe(404);
    const made = await docker.createContainer({ Image: "busybox", name: "taken", Cmd: ["sleep", "600"] });
    expect(await status(docker.createContainer({ Image: "busybox", name: "taken" }))).toBe(409);
    expect(await status(made.stop())).toBe(304);
    await made.start();
    expect(await status(made.start())).toBe(304);
    expect(await status(made.remove())).toBe(409);
    await made.remove({ force: true });
  }, 30_000);
});
