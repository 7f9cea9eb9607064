import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive, busyboxMissing } from "../engine/busybox.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = join(import.meta.dir, "../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");

/** The examples of docs/LIBRARY.md by what they begin with, as programs of somebody else's. */
const examples = [...text("docs/LIBRARY.md").matchAll(/```ts\n([\s\S]*?)```/g)].map(
  (match) => match[1] ?? "",
);
/** What src/index.ts shows. */
const shown = (/```ts\n([\s\S]*?) \* ```/.exec(text("src/index.ts"))?.[1] ?? "").replace(/^ \* ?/gm, "");

const opening = [shown, ...examples].filter((example) => example.includes("Engine.open"));
const connecting = examples.filter((example) => !example.includes("Engine.open"));

/** What each has to print. */
const printed: Readonly<Record<string, string>> = {
  "the first": "hello\n0\n",
  "a program and its neighbours": "0 hello\nlibrary-kept\n",
  "a change": "live label, host, memory\nrestart\nfast 256 kept 1\n",
  "looking after": "0 added /new\n/bin/busybox UID,PID\n/new\ntrue true\n",
  volumes: "kept\n",
  streams: "a sample\nstdout typed\ntrue\n",
  files: "busybox\ntrue\n",
  images: "Loaded image: library:copy\n404\n",
  builds: "ann\nbob\n",
};

/** A folder in which the library is installed. */
function user(): Disposable & { readonly path: string } {
  const folder = temporaryFolder("library");
  mkdirSync(join(folder.path, "node_modules"));
  symlinkSync(root, join(folder.path, "node_modules/inro"));
  writeFileSync(join(folder.path, "package.json"), '{"type": "module"}');
  return folder;
}

describe.skipIf(rootMissing)("Engine.open", () => {
  test.each(opening.map((example, i) => [i, example] as const))(
    "example %i runs as it is written, and its process ends by itself",
    async (_, example) => {
      using host = await ownHost();
      using folder = user();
      const program = join(folder.path, "example.ts");
      writeFileSync(program, example.replaceAll("/tmp/", `${folder.path}/`));
      const { code, stdout, stderr } = await host.run(process.execPath, [program], { timeout: 20_000 });
      expect(stderr).toBe("");
      expect(stdout).toMatch(/code: 0|ended with 0\nand its plan is here/);
      expect(code).toBe(0);
    },
    30_000,
  );
});

describe.skipIf(rootMissing || busyboxMissing)("Engine.connect", () => {
  const host: Host = machine();
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await testEngine(host);
    await engine.inroWith({ input: busyboxArchive() }, "load");
  }, 60_000);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
  }, 60_000);
  const run = (program: string, file: string) =>
    host.run(program, [file], { timeout: 30_000, env: { INRO_HOST: `unix://${engine.socket}` } });

  test("every example says here what it prints", () => {
    expect(connecting).toHaveLength(Object.keys(printed).length);
  });

  test.each(
    Object.entries(printed).map(([name, expected], i) => [name, connecting[i] ?? "", expected] as const),
  )(
    "%s example runs under Bun and under Node as it is written, and leaves nothing",
    async (_, example, expected) => {
      using folder = user();
      const program = join(folder.path, "example.ts");
      writeFileSync(program, example);
      expect(await run(process.execPath, program)).toEqual({ code: 0, stdout: expected, stderr: "" });
      // What a bundler for Node does with types and `await using`.
      const built = await Bun.build({ entrypoints: [program], target: "node", external: ["inro"] });
      const script = join(folder.path, "example.js");
      writeFileSync(script, await (built.outputs[0]?.text() ?? ""));
      expect(await run("node", script)).toEqual({ code: 0, stdout: expected, stderr: "" });
      expect((await engine.inro("ps", "-aq")).stdout).toBe("");
      expect((await engine.inro("volume", "ls", "-q")).stdout).toBe("");
    },
    60_000,
  );

  test("every setting that it has words for is what the engine was asked for", async () => {
    const { Engine } = await import("../../src/index.ts");
    await using client = await Engine.connect(engine.socket);
    await client.networks.create({
      name: "library-net",
      options: { IPAM: { Config: [{ Subnet: "10.77.1.0/24" }] } },
    });
    await using box = await client.run({
      ...{
        image: "busybox",
        name: "library-box",
        command: ["sleep", "600"],
        entrypoint: ["env"],
        env: { A: "1" },
      },
      ...{ user: "0:5", workingDirectory: "/tmp", hostname: "box", labels: { a: "b" }, init: true },
      tmpfs: { "/scratch": "size=1m" },
      networks: { "library-net": { aliases: ["site"], ip: "10.77.1.9", gatewayPriority: 2 } },
      ...{ dns: ["192.0.2.1"], dnsSearch: ["example.org"], hosts: { db: "10.0.0.5" } },
      ...{ memory: 64 << 20, cpus: 0.5, pidsLimit: 50, ulimits: { nofile: [64, 128], core: 0 } },
      ...{ capAdd: ["SYS_TIME"], capDrop: ["KILL"], security: ["no-new-privileges"], groups: ["77"] },
      devices: [{ path: "/dev/full", inside: "/dev/mine", permissions: "r" }],
      ...{ sysctls: { "net.ipv4.ip_forward": "1" }, shmSize: 1 << 20, readOnly: true },
      ...{ restart: "on-failure:3", stopSignal: "SIGKILL", stopTimeout: 3 },
      health: { command: "true", interval: 60, timeout: 1.5, retries: 2, onFailure: "kill" },
      log: { driver: "json-file", options: { "max-size": "1m" } },
    });
    const { Config, HostConfig, NetworkSettings } = await box.inspect();
    expect(Config).toMatchObject({
      ...{ Cmd: ["sleep", "600"], Entrypoint: ["env"], User: "0:5", WorkingDir: "/tmp", Hostname: "box" },
      ...{ Labels: { a: "b" }, StopSignal: "SIGKILL", StopTimeout: 3 },
      Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 60e9, Timeout: 1.5e9, Retries: 2 },
    });
    expect(HostConfig).toMatchObject({
      ...{ Tmpfs: { "/scratch": "size=1m" }, NetworkMode: "library-net", Dns: ["192.0.2.1"] },
      ...{ DnsSearch: ["example.org"], ExtraHosts: ["db:10.0.0.5"], Memory: 64 << 20, NanoCpus: 5e8 },
      PidsLimit: 50,
      Ulimits: [
        { Name: "nofile", Soft: 64, Hard: 128 },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      ...{
        CapAdd: ["CAP_SYS_TIME"],
        CapDrop: ["CAP_KILL"],
        SecurityOpt: ["no-new-privileges"],
        GroupAdd: ["77"],
      },
      Devices: [{ PathOnHost: "/dev/full", PathInContainer: "/dev/mine", CgroupPermissions: "r" }],
      ...{ Sysctls: { "net.ipv4.ip_forward": "1" }, ShmSize: 1 << 20, ReadonlyRootfs: true, Init: true },
      RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
      ...{ HealthOnFailure: "kill", LogConfig: { Type: "json-file", Config: { "max-size": "1m" } } },
    });
    expect(NetworkSettings.Networks["library-net"]).toMatchObject({ IPAddress: "10.77.1.9", GwPriority: 2 });
    // Of it what an edit can take away is taken away, one by one.
    const { changes } = await box.edit({
      remove: {
        ...{
          env: ["A"],
          labels: ["a"],
          mounts: ["/scratch"],
          dns: ["192.0.2.1"],
          dnsSearch: ["example.org"],
        },
        ...{ hosts: ["db"], ulimits: ["nofile", "core"], capAdd: ["SYS_TIME"], capDrop: ["KILL"] },
        ...{
          security: ["no-new-privileges"],
          devices: ["/dev/mine"],
          groups: ["77"],
          networks: ["library-net"],
        },
        ...{ sysctls: ["net.ipv4.ip_forward"], logOptions: ["max-size"] },
      },
      reset: ["User", "Hostname", "Healthcheck", "ShmSize", "StopTimeout"],
      ...{ networks: { bridge: {} }, ports: { "80/tcp": 0 }, restart: "no" },
    });
    expect(changes.map(({ kind }) => kind)).toContain("network");
    const after = await box.inspect();
    expect(after.HostConfig).toMatchObject({
      ...{ Dns: [], DnsSearch: [], ExtraHosts: null, Ulimits: [], CapAdd: null, CapDrop: null },
      ...{ SecurityOpt: null, Devices: [], GroupAdd: [], Sysctls: {}, ShmSize: 64 << 20 },
      ...{ LogConfig: { Type: "json-file", Config: {} }, NetworkMode: "bridge", Memory: 64 << 20 },
    });
    expect(after.Config.Labels).toEqual({});
    expect(Object.keys(await box.ports())).toEqual(["80/tcp"]);
    await box.edit({ remove: { ports: ["80/tcp"] } });
    expect(await box.ports()).toEqual({});
    await box.update({ memory: 96 << 20 });
    expect((await box.inspect()).HostConfig.Memory).toBe(96 << 20);
    expect(await client.networks.prune()).toEqual(["library-net"]);
    expect(
      (await client.explain({ image: "busybox", command: ["true"] })).split("\n").length,
    ).toBeGreaterThan(20);
    expect((await box.explain()).split("\n").length).toBeGreaterThan(20);
    expect((await client.usage()).Containers).toHaveLength(1);
    expect(await client.images.history("busybox")).toEqual([]);
  }, 30_000);

  test("nobody there is said as such", async () => {
    const { Engine } = await import("../../src/index.ts");
    await expect(Engine.connect("/no/such/sock")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(Engine.connect("tcp://somewhere:2375")).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });

  test("ports, terminals, programs that fail, and a loop that is left ends its request", async () => {
    const { Engine } = await import("../../src/index.ts");
    await using client = await Engine.connect(engine.socket);
    await using web = await client.run({
      ...{ image: "busybox", command: ["sleep", "600"], tty: true, network: "none" },
      labels: { a: "b" },
    });
    expect(await web.exec(["sh", "-c", "echo out; echo err >&2; exit 7"])).toEqual({
      code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    await using shell = await web.spawn(["sh", "-c", "read x; echo got $x; exit 3"], { tty: true });
    await shell.write("word\n");
    let said = "";
    for await (const { bytes } of shell) said += Buffer.from(bytes).toString();
    expect(said).toContain("got word");
    expect(await shell.exitCode()).toBe(3);
    expect(await client.containers.list({ filters: { label: ["a=b"] } })).toHaveLength(1);
    await expect(client.run({ image: "busybox", command: ["no-such-program"] })).rejects.toThrow(
      /executable file not found/,
    );
    await expect(client.run({ image: "none/such:1", pull: false })).rejects.toMatchObject({ status: 404 });
    await web.kill();
    expect(await web.wait()).toEqual({ code: 137, error: "" });
    expect(await client.containers.list({ all: true })).toHaveLength(1);
  }, 30_000);
});
