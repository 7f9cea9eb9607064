import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import Docker from "dockerode";
import { type HeldSocket, heldSocket } from "../api/held.ts";
import { write } from "../build/building.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { tarOf } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { busyboxMissing, busyboxTar, loadBusybox } from "./busybox.ts";

describe.skipIf(rootMissing || busyboxMissing)("dockerode", () => {
  let host: Host;
  let engine: TestEngine;
  let held: HeldSocket;
  let docker: Docker;

  beforeAll(async () => {
    host = await ownHost();
    engine = await testEngine(host);
    await loadBusybox(engine);
    held = await heldSocket(engine.socket);
    docker = new Docker({ socketPath: held.socket });
  }, 60_000);

  afterAll(async () => {
    const breaches = [...(held?.breaches ?? [])];
    await held?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
    expect(breaches).toEqual([]);
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

  test("a life: pause, rename, update, restart, kill, waits and what was changed", async () => {
    const container = await docker.createContainer({
      Image: "busybox",
      Cmd: ["sleep", "600"],
      name: "before",
    });
    const next = container.wait({ condition: "next-exit" });
    await container.start();
    await container.pause();
    expect((await container.inspect()).State.Status).toBe("paused");
    await container.unpause();
    await container.rename({ name: "after" });
    await container.update({ Memory: 32 << 20, MemorySwap: 64 << 20 });
    expect(await docker.getContainer("after").inspect()).toMatchObject({
      Id: container.id,
      HostConfig: { Memory: 32 << 20 },
    });
    await container.restart({ t: 0 });
    expect(await next).toEqual({ StatusCode: 137 });
    await container.putArchive(Buffer.from(busyboxTar()), { path: "/tmp" });
    expect(await container.changes()).toContainEqual({ Path: "/tmp/bin", Kind: 1 });
    await container.kill({ signal: "KILL" });
    expect((await container.wait()).StatusCode).toBe(137);
    const removed = container.wait({ condition: "removed" });
    const tar = await container.export();
    tar.resume();
    await once(tar, "end");
    await container.remove();
    expect(await removed).toEqual({ StatusCode: 137 });
    expect((await docker.pruneContainers()).SpaceReclaimed).toBe(0);
  }, 30_000);

  test("events as they happen, with their filters", async () => {
    const filters = { type: ["container" as const], event: ["create", "start", "die", "destroy"] };
    const events = await docker.getEvents({ filters });
    const heard: string[] = [];
    events.on("data", (line: Buffer) => heard.push(JSON.parse(line.toString()).Action));
    const container = await docker.createContainer({ Image: "busybox", Cmd: ["true"] });
    await container.start();
    await container.wait();
    await container.remove();
    while (!heard.includes("destroy")) await Bun.sleep(10);
    expect(heard).toEqual(["create", "start", "die", "destroy"]);
    (events as Readable).destroy();
  }, 30_000);

  test("images: commit, tag, history, save, load, import, remove, prune", async () => {
    const container = await docker.createContainer({ Image: "busybox" });
    await container.commit({ repo: "made", tag: "1", comment: "a note", author: "someone" });
    await container.remove();
    const image = docker.getImage("made:1");
    await image.tag({ repo: "other", tag: "2" });
    expect((await image.inspect()).RepoTags).toEqual(["made:1", "other:2"]);
    expect((await image.history())[0]).toMatchObject({ Comment: "a note", Tags: ["made:1", "other:2"] });
    const saved = await Bun.readableStreamToBytes(
      Readable.toWeb((await image.get()) as Readable) as ReadableStream,
    );
    expect(await docker.getImage("other:2").remove()).toEqual([{ Untagged: "other:2" }]);
    await image.remove();
    const said = (stream: NodeJS.ReadableStream) =>
      new Promise<{ stream?: string; status?: string }[]>((resolve, reject) =>
        docker.modem.followProgress(stream, (error, lines) => (error ? reject(error) : resolve(lines))),
      );
    expect(await said(await docker.loadImage(Readable.from([Buffer.from(saved)])))).toContainEqual({
      stream: "Loaded image: made:1\n",
    });
    await said(
      await docker.importImage(Readable.from([Buffer.from(busyboxTar())]), { repo: "imported", tag: "1" }),
    );
    const filters = { reference: ["made", "imported"] };
    expect((await docker.listImages({ filters })).flatMap(({ RepoTags }) => RepoTags).sort()).toEqual([
      "imported:1",
      "made:1",
    ]);
    for (const name of ["made:1", "imported:1"]) await docker.getImage(name).remove({ force: true });
    expect((await docker.pruneImages()).ImagesDeleted).toEqual([]);
  }, 30_000);

  test("networks and volumes", async () => {
    const ipam = { Config: [{ Subnet: "10.215.3.0/24", Gateway: "10.215.3.1" }] };
    const network = await docker.createNetwork({ Name: "site", IPAM: ipam, Labels: { a: "b" } });
    const volume = await docker.createVolume({ Name: "kept", Labels: { a: "b" } });
    const made = { Image: "busybox", Cmd: ["sleep", "600"], HostConfig: { Binds: ["kept:/data"] } };
    const container = await docker.createContainer(made);
    await network.connect({
      Container: container.id,
      EndpointConfig: { Aliases: ["alias"], IPAMConfig: { IPv4Address: "10.215.3.9" } },
    });
    await container.start();
    const about = await container.inspect();
    expect(about.NetworkSettings.Networks["site"]).toMatchObject({
      IPAddress: "10.215.3.9",
      Aliases: expect.arrayContaining(["alias"]),
    });
    expect(about.Mounts).toMatchObject([{ Type: "volume", Name: "kept", Destination: "/data" }]);
    expect(Object.keys((await network.inspect()).Containers ?? {})).toEqual([container.id]);
    expect((await docker.listNetworks({ filters: { label: ["a=b"] } })).map(({ Name }) => Name)).toEqual([
      "site",
    ]);
    expect(
      (await docker.listVolumes({ filters: { label: ["a=b"] } })).Volumes.map(({ Name }) => Name),
    ).toEqual(["kept"]);
    await network.disconnect({ Container: container.id, Force: true });
    await container.remove({ force: true });
    expect((await docker.pruneNetworks()).NetworksDeleted).toEqual(["site"]);
    await volume.remove();
    expect((await docker.pruneVolumes()).VolumesDeleted).toEqual([]);
  }, 30_000);

  test("buildImage and followProgress", async () => {
    const file = ["FROM busybox AS first", "ARG W", "RUN echo said $W", "FROM first", "RUN exit 4", ""];
    using folder = temporaryFolder("context");
    write(folder.path, { Dockerfile: file.join("\n"), "sub/Other": "FROM busybox\nCOPY f /f\n", f: "" });
    const followed = async (stream: NodeJS.ReadableStream) => {
      const heard: { stream?: string; aux?: { ID: string }; error?: string }[] = [];
      const done = await new Promise<typeof heard>((resolve, reject) =>
        docker.modem.followProgress(
          stream,
          (error: Error | null, lines: typeof heard) => (error === null ? resolve(lines) : reject(error)),
          (line: (typeof heard)[number]) => heard.push(line),
        ),
      );
      expect(done).toEqual(heard);
      return {
        said: done.map((line) => line.stream ?? "").join(""),
        id: done.flatMap(({ aux }) => aux?.ID ?? []),
        error: done.at(-1)?.error,
      };
    };
    const tar = () => Readable.from([tarOf(folder.path)]);
    const first = await docker.buildImage(tar(), { t: "node:1", target: "first", buildargs: { W: "given" } });
    const { said, id } = await followed(first);
    expect(said).toContain("said given\n");
    expect([(await docker.getImage("node:1").inspect()).Id]).toEqual(id);
    expect((await followed(await docker.buildImage(tar(), {}))).error).toBe(
      "The command '/bin/sh -c exit 4' returned a non-zero code: 4",
    );
    await expect(docker.buildImage(tar(), { dockerfile: "f" })).rejects.toMatchObject({ statusCode: 400 });
    // It packs a folder by itself, heeding .dockerignore.
    const packed = await docker.buildImage(
      { context: folder.path, src: ["sub/Other", "f"] },
      { dockerfile: "sub/Other", q: true },
    );
    expect((await followed(packed)).said).toMatch(/^sha256:\w{64}\n$/);
    await docker.getImage("node:1").remove();
  }, 60_000);

  test("the engine about itself", async () => {
    expect((await docker.ping()).toString()).toBe("OK");
    expect((await docker.version()).ApiVersion).toBe("1.51");
    expect((await docker.info()).OSType).toBe("linux");
    expect((await docker.df()).Images.flatMap(({ RepoTags }: { RepoTags: string[] }) => RepoTags)).toContain(
      "busybox:latest",
    );
    await expect(docker.listServices()).rejects.toMatchObject({ statusCode: 503 });
  });
});
