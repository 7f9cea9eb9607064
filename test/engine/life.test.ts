import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_RESOURCES, type MountOption } from "../../src/engine/options.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { busyboxMissing } from "./busybox.ts";
import { type Opened, opened } from "./opened.ts";

describe.skipIf(rootMissing || busyboxMissing)("a container's life", () => {
  let o: Opened;
  const containers = () => o.engine.containers;
  const status = (id: string) => containers().get(id).state.status;

  beforeAll(async () => {
    o = await opened();
  }, 30_000);
  afterAll(async () => {
    await o?.[Symbol.asyncDispose]();
    expect(o.faults).toEqual([]);
  }, 30_000);

  test("it is created, runs, ends with its code and is removed without a trace", async () => {
    const id = await o.create(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect(status(id)).toBe("created");
    expect(await containers().start(id)).toBe(true);
    expect(await o.ended(id)).toBe(3);
    expect(containers().get(id).state).toMatchObject({
      status: "exited",
      exit: { code: 3, oomKilled: false },
    });
    expect(await o.output(id)).toBe("out\nerr\n");
    await containers().remove(id, { force: false, volumes: true });
    expect(() => containers().get(id)).toThrow(/No such container/);
    expect(existsSync(join(o.root, "containers", id))).toBe(false);
  });

  test("it can be started again, and writes on in the same files", async () => {
    const id = await o.run(["sh", "-c", "echo x >> /tmp/n; exit $(wc -l < /tmp/n)"]);
    expect(await o.ended(id)).toBe(1);
    await containers().start(id);
    expect(await o.ended(id)).toBe(2);
  });

  test("starting twice is no error, stopping what rests neither", async () => {
    const id = await o.run(["sleep", "60"]);
    expect(await containers().start(id)).toBe(false);
    expect(await containers().stop(id, { signal: "KILL", timeout: 1 })).toBe(true);
    expect(await containers().stop(id, { signal: null, timeout: 1 })).toBe(false);
  });

  test("stop asks first and kills after the time is over", async () => {
    const polite = await o.run(["sh", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.02; done"]);
    while ((await o.output(polite)) === "") await Bun.sleep(5);
    await containers().stop(polite, { signal: null, timeout: 10 });
    expect(containers().get(polite).state).toMatchObject({ status: "exited", exit: { code: 4 } });
    const deaf = await o.run(["sh", "-c", "trap '' TERM; while :; do sleep 0.02; done"]);
    await containers().stop(deaf, { signal: null, timeout: 0 });
    expect(containers().get(deaf).state).toMatchObject({ status: "exited", exit: { code: 137 } });
  });

  test("kill sends the signal that is asked for, and only to what runs", async () => {
    const id = await o.run(["sh", "-c", "trap 'exit 5' USR1; echo ready; while :; do sleep 0.02; done"]);
    while ((await o.output(id)) === "") await Bun.sleep(5);
    await containers().kill(id, "USR1");
    expect(await o.ended(id)).toBe(5);
    await expect(containers().kill(id, "KILL")).rejects.toMatchObject({ code: "NOT_RUNNING" });
  });

  test("removal of what runs needs force; stop, kill and rm at once end well", async () => {
    const id = await o.run(["sleep", "60"]);
    await expect(containers().remove(id, { force: false, volumes: false })).rejects.toMatchObject({
      code: "CONTAINER_RUNNING",
    });
    const all = [
      containers().stop(id, { signal: null, timeout: 5 }),
      containers().kill(id, "KILL"),
      containers().remove(id, { force: true, volumes: true }),
      containers().remove(id, { force: true, volumes: true }),
    ];
    await Promise.allSettled(all);
    expect(() => containers().get(id)).toThrow(/No such container/);
  });

  test("what waits behind its removal is told that it is gone, and makes nothing of it again", async () => {
    const id = await o.create(["true"]);
    const { archive, update, rename, get } = containers();
    const restart = { name: "always", maximumRetries: 0 } as const;
    const change = { resources: {}, bandwidth: {}, restart };
    const removal = containers().remove(id, { force: false, volumes: true });
    const waiting = [
      rename(id, "ghost"),
      update(id, change),
      archive.stat(id, "/etc"),
      archive.glob(id, "/*"),
    ];
    await removal;
    for (const { status, reason } of (await Promise.allSettled(waiting)) as PromiseRejectedResult[]) {
      expect(status).toBe("rejected");
      expect(String(reason)).toMatch(/No such container/);
    }
    for (const name of [id, "ghost"]) expect(() => get(name)).toThrow(/No such container/);
    expect(existsSync(join(o.root, "containers", id))).toBe(false);
  });

  test("--rm goes at its end, and who waits for that is told the code", async () => {
    const id = await o.create(["sh", "-c", "exit 6"], { autoRemove: true });
    const { ended } = containers().wait(id, "removed");
    await containers().start(id);
    expect(await ended).toMatchObject({ code: 6 });
    expect(() => containers().get(id)).toThrow(/No such container/);
  });

  test.each([
    ["/no/such", 127, "COMMAND_NOT_FOUND"],
    ["nosuch", 127, "COMMAND_NOT_FOUND"],
    ["/bin/plain", 126, "COMMAND_NOT_EXECUTABLE"],
  ])("%s is code %d", async (command, code, name) => {
    const id = await o.create([command]);
    await expect(containers().start(id)).rejects.toMatchObject({ code: name });
    expect(containers().get(id).state).toMatchObject({ status: "created", failure: { code } });
  });

  test("a missing interpreter is named", async () => {
    const id = await o.create(["broken"]);
    await expect(containers().start(id)).rejects.toThrow(/no\/such\/interpreter/);
  });

  test("names are unique, can be changed, and a prefix of the id is enough", async () => {
    const id = await o.create(["true"]);
    await containers().rename(id, "first");
    expect(containers().get("first").id).toBe(id);
    expect(containers().get(id.slice(0, 12)).name).toBe("first");
    const other = await o.create(["true"]);
    await expect(containers().rename(other, "first")).rejects.toMatchObject({ code: "NAME_IN_USE" });
    expect(() => containers().get("never")).toThrow(/No such container/);
  });

  test("two creates at once cannot have one name", async () => {
    const twice = [1, 2].map(() =>
      o.engine.containers.create({ ...containers().get("first").options }, "twin"),
    );
    const results = await Promise.allSettled(twice);
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("it can be paused, and a paused one can be stopped", async () => {
    const id = await o.run(["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done"]);
    await containers().pause(id);
    expect(status(id)).toBe("paused");
    await Bun.sleep(30);
    const before = await o.output(id);
    await Bun.sleep(100);
    expect(await o.output(id)).toBe(before);
    await expect(o.engine.execs.create(id, { ...EXEC, command: ["true"] })).rejects.toMatchObject({
      code: "CONTAINER_PAUSED",
    });
    await containers().unpause(id);
    expect(status(id)).toBe("running");
    await containers().pause(id);
    await containers().stop(id, { signal: "KILL", timeout: 2 });
    expect(status(id)).toBe("exited");
  });

  test("a client that attached before the start gets everything, and can talk", async () => {
    const id = await o.create(["cat"], { openStdin: true, stdinOnce: true, attachStdin: true });
    const stream = await containers().attach(id, {
      stream: true,
      logs: false,
      stdin: true,
      stdout: true,
      stderr: true,
    });
    stream.end("through and back\n");
    const heard: Buffer[] = [];
    const over = new Promise((resolve) => stream.on("data", (part) => heard.push(part)).on("end", resolve));
    await containers().start(id);
    await over;
    expect(Buffer.concat(heard).subarray(8).toString()).toBe("through and back\n");
    expect(await o.ended(id)).toBe(0);
  });

  test("exec runs beside it, as whom and where it is asked, and its code is kept", async () => {
    const id = await o.run(["sleep", "60"], { env: ["A=1", "B=2"] });
    const exec = await o.engine.execs.create(id, {
      ...EXEC,
      command: ["sh", "-c", "id -u; id -G; pwd; echo $A$B$C; exit 8"],
      user: "web",
      workingDirectory: "/data",
      env: ["B=3", "C=4"],
    });
    const stream = await o.engine.execs.start(exec, { detach: false, consoleSize: null });
    const heard: Buffer[] = [];
    for await (const part of stream ?? []) heard.push(part as Buffer);
    expect(Buffer.concat(heard).toString()).toContain("33\n");
    expect(Buffer.concat(heard).toString()).toContain("33 40\n");
    expect(Buffer.concat(heard).toString()).toContain("/data\n");
    expect(Buffer.concat(heard).toString()).toContain("134\n");
    while (o.engine.execs.inspect(exec).running) await Bun.sleep(2);
    expect(o.engine.execs.inspect(exec)).toMatchObject({ exitCode: 8, running: false });
    const missing = await o.engine.execs.create(id, { ...EXEC, command: ["nosuch"] });
    await expect(o.engine.execs.start(missing, { detach: true, consoleSize: null })).rejects.toMatchObject({
      code: "COMMAND_NOT_FOUND",
    });
  });

  test("ended execs are kept for a while, not for ever", async () => {
    const id = await o.run(["sleep", "60"]);
    const execs: string[] = [];
    for (let n = 0; n < 104; n++) {
      const exec = await o.engine.execs.create(id, { ...EXEC, command: ["true"] });
      await o.engine.execs.start(exec, { detach: true, consoleSize: null });
      while (o.engine.execs.inspect(exec).exitCode === null) await Bun.sleep(1);
      execs.push(exec);
    }
    const [first = "", ...later] = execs;
    expect(() => o.engine.execs.inspect(first)).toThrow(/No such exec/);
    expect(o.engine.execs.inspect(later[60] ?? "")).toMatchObject({ exitCode: 0 });
    const files = () => readdirSync(join(o.root, "containers", id, "exec")).length;
    for (let tries = 0; files() > 101; tries++) {
      expect(tries).toBeLessThan(200);
      await Bun.sleep(10);
    }
  });

  test("limits are the kernel's: memory kills and says so, processes stop a fork bomb", async () => {
    const greedy = await o.run(["sh", "-c", "x=a; while :; do x=$x$x; done"], {
      resources: { ...DEFAULT_RESOURCES, memory: 16 * 1024 * 1024 },
    });
    expect(await o.ended(greedy)).toBe(137);
    expect(containers().get(greedy).state).toMatchObject({ exit: { oomKilled: true } });
    const bomb = await o.run(["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & done; wait"], {
      resources: { ...DEFAULT_RESOURCES, pidsLimit: 5 },
    });
    await o.ended(bomb);
    expect(await o.output(bomb)).toMatch(/can't fork|Resource temporarily unavailable/);
  }, 20_000);

  test("a restart policy brings it back until its tries are over", async () => {
    const id = await o.run(["sh", "-c", "echo run; exit 1"], {
      restart: { name: "on-failure", maximumRetries: 2 },
    });
    await containers().wait(id, "not-running").ended;
    expect(containers().get(id)).toMatchObject({ restartCount: 2, state: { status: "exited" } });
    expect(await o.output(id)).toBe("run\nrun\nrun\n");
    // Somebody wants it: its tries begin anew.
    await containers().start(id);
    expect(containers().get(id).restartCount).toBe(0);
    await containers().wait(id, "not-running").ended;
    expect(containers().get(id).restartCount).toBe(2);
  });

  test("a restart that fails is tried again, since its cause may pass", async () => {
    const source = temporaryFolder("source");
    const mounts: MountOption[] = [
      {
        type: "bind",
        source: source.path,
        target: "/source",
        readOnly: false,
        propagation: "rprivate",
        recursive: true,
        readOnlyRecursive: true,
        createSource: false,
      },
    ];
    const id = await o.run(
      ["sh", "-c", "test -e /source/stay || { : > /source/stay; sleep 0.2; exit 1; }; sleep 600"],
      {
        restart: { name: "always", maximumRetries: 0 },
        mounts,
      },
    );
    while (!existsSync(join(source.path, "stay"))) await Bun.sleep(1);
    const aside = `${source.path}-aside`;
    renameSync(source.path, aside);
    while (o.faults.length < 2) await Bun.sleep(5);
    expect(status(id)).not.toBe("running");
    renameSync(aside, source.path);
    while (status(id) !== "running") await Bun.sleep(5);
    expect(containers().get(id).restartCount).toBeGreaterThan(2);
    await containers().remove(id, { force: true, volumes: true });
    for (const fault of o.faults.splice(0)) expect(fault).toContain(`restarting ${id}`);
    source[Symbol.dispose]();
  }, 20_000);

  test("one with --rm can be removed in the middle of its restart", async () => {
    const id = await o.run(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.02; done"], {
      autoRemove: true,
    });
    while ((await o.output(id)) === "") await Bun.sleep(5);
    const restarting = containers().restart(id, { signal: null, timeout: 60 });
    const refused = restarting.catch((cause) => cause.code);
    await containers().remove(id, { force: true, volumes: true });
    expect(await refused).toBe("CONTAINER_LEAVING");
    expect(() => containers().get(id)).toThrow(/No such container/);
  });

  test("stop ends a container between two runs", async () => {
    const id = await o.run(["false"], { restart: { name: "always", maximumRetries: 0 } });
    while (status(id) !== "restarting") await Bun.sleep(1);
    expect(await containers().stop(id, { signal: null, timeout: 1 })).toBe(true);
    await Bun.sleep(300);
    expect(status(id)).toBe("exited");
  });

  test("events tell its life in order", async () => {
    const since = BigInt(Date.now()) * 1_000_000n;
    const id = await o.run(["true"]);
    await o.ended(id);
    await containers().remove(id, { force: false, volumes: false });
    const query = { since, until: BigInt(Date.now() + 5) * 1_000_000n, filters: { container: [id] } };
    const actions: string[] = [];
    for await (const event of o.engine.events.stream(query, new AbortController().signal))
      actions.push(event.action);
    expect(actions).toEqual(["create", "start", "die", "destroy"]);
  });

  test("the plan is told before a start and with its times after one", async () => {
    const { options } = containers().get(await o.create(["true"]));
    const before = readdirSync(join(o.root, "containers")).length;
    const asked = await containers().explain(options);
    expect(asked.printed).toContain("/bin/true");
    expect(asked.records).toEqual([]);
    expect(readdirSync(join(o.root, "containers"))).toHaveLength(before);
    const id = await o.run(["true"]);
    await o.ended(id);
    const told = await containers().explainContainer(id);
    expect(told.records.length).toBeGreaterThan(50);
    expect(told.printed).toMatch(/\d ms/);
  });
});

describe.skipIf(rootMissing || busyboxMissing)("a container's files", () => {
  let o: Opened;
  const containers = () => o.engine.containers;
  beforeAll(async () => {
    o = await opened();
  }, 30_000);
  afterAll(async () => {
    await o?.[Symbol.asyncDispose]();
    expect(o.faults).toEqual([]);
  }, 30_000);

  test("a new volume is filled with what the image has there, a used one is left alone", async () => {
    const volume = { type: "volume" as const, name: "kept", target: "/data", readOnly: false };
    const mounts = [{ ...volume, copy: true, labels: {}, options: {}, subpath: null }];
    const first = await o.run(["sh", "-c", "cat /data/file; stat -c %a /data; echo mine > /data/file"], {
      mounts,
    });
    await o.ended(first);
    expect(await o.output(first)).toBe("from the image\n750\n");
    const second = await o.run(["cat", "/data/file"], { mounts });
    await o.ended(second);
    expect(await o.output(second)).toBe("mine\n");
    await expect(o.engine.volumes.remove("kept", { force: false })).rejects.toMatchObject({
      code: "VOLUME_IN_USE",
    });
  });

  test("an anonymous volume goes with its container when that is asked", async () => {
    const anonymous = { type: "volume" as const, name: null, target: "/v", readOnly: false };
    const id = await o.run(["true"], {
      mounts: [{ ...anonymous, copy: true, labels: {}, options: {}, subpath: null }],
    });
    await o.ended(id);
    const name = containers().get(id).mounts[0]?.name ?? "";
    expect(o.engine.volumes.get(name).anonymous).toBe(true);
    await containers().remove(id, { force: false, volumes: true });
    expect(() => o.engine.volumes.get(name)).toThrow(/no such volume/);
  });

  test("folders of the host are mounted as asked, and a missing one is named", async () => {
    using folder = temporaryFolder("engine");
    writeFileSync(join(folder.path, "note"), "the host's");
    const bind = {
      type: "bind" as const,
      source: folder.path,
      target: "/host",
      readOnly: true,
      propagation: "rprivate" as const,
      recursive: true,
      readOnlyRecursive: true,
      createSource: false,
    };
    const id = await o.run(["sh", "-c", "cat /host/note; touch /host/x || echo refused"], { mounts: [bind] });
    await o.ended(id);
    expect(await o.output(id)).toContain("the host's");
    expect(await o.output(id)).toContain("refused");
    const missing = { ...bind, source: join(folder.path, "none") };
    await expect(o.create(["true"], { mounts: [missing] })).rejects.toMatchObject({
      code: "MOUNT_SOURCE_MISSING",
    });
    const made = await o.create(["true"], { mounts: [{ ...missing, createSource: true }] });
    expect(statSync(missing.source).isDirectory()).toBe(true);
    await containers().remove(made, { force: false, volumes: false });
  });

  test("a create that fails leaves nothing", async () => {
    const before = readdirSync(join(o.root, "containers")).length;
    const volumes = o.engine.volumes.list({}).length;
    const mounts = [
      {
        type: "volume" as const,
        name: null,
        target: "/v",
        readOnly: false,
        copy: true,
        labels: {},
        options: {},
        subpath: null,
      },
      {
        type: "bind" as const,
        source: "/no/such/folder",
        target: "/b",
        readOnly: false,
        propagation: "rprivate" as const,
        recursive: true,
        readOnlyRecursive: true,
        createSource: false,
      },
    ];
    await expect(o.create(["true"], { mounts })).rejects.toMatchObject({ code: "MOUNT_SOURCE_MISSING" });
    expect(readdirSync(join(o.root, "containers"))).toHaveLength(before);
    expect(readdirSync(join(o.root, "volumes"))).toHaveLength(volumes);
    while (readdirSync(join(o.root, "trash")).length > 0) await Bun.sleep(1);
  });

  test.each(["running", "stopped"])("cp works both ways on a %s container", async (kind) => {
    const id = await o.run(kind === "running" ? ["sleep", "60"] : ["true"]);
    if (kind === "stopped") await o.ended(id);
    const { stat, tar } = await containers().archive.get(id, "/data/file");
    expect(stat).toMatchObject({ name: "file", size: 15 });
    const parts: Buffer[] = [];
    for await (const part of tar) parts.push(part as Buffer);
    expect(Buffer.concat(parts).toString()).toContain("from the image\n");
    await containers().archive.put(id, "/tmp", tarOfOne("new", "put there"), {
      keepDirectories: false,
      chownToUser: false,
    });
    const back = await containers().archive.get(id, "/tmp/new");
    expect(back.stat.size).toBe(9);
    back.tar.destroy();
    await expect(containers().archive.stat(id, "/none")).rejects.toMatchObject({ code: "NO_SUCH_PATH" });
    expect(await containers().changes(id)).toContainEqual({ path: "/tmp/new", kind: "added" });
  });

  test("what the engine mounts over is not in the writable layer of a container that writes nothing", async () => {
    const id = await o.run(["true"]);
    await o.ended(id);
    expect(readdirSync(join(o.root, "containers", id, "upper"))).toEqual([]);
    expect(await containers().changes(id)).toEqual([]);
  });

  test("it knows itself: host name, hosts and who it is", async () => {
    const id = await o.run(["sh", "-c", "hostname; cat /etc/hostname; grep -c localhost /etc/hosts; id -u"], {
      hostname: "box",
      user: "web",
    });
    await o.ended(id);
    expect(await o.output(id)).toBe("box\nbox\n2\n33\n");
    expect(readFileSync(containers().get(id).paths.hostname, "utf8")).toBe("box\n");
  });
});

const EXEC = {
  command: [],
  env: [],
  user: null,
  workingDirectory: null,
  tty: false,
  attachStdin: false,
  attachStdout: true,
  attachStderr: true,
  privileged: false,
  detachKeys: "",
  consoleSize: null,
};

async function* tarOfOne(name: string, text: string): AsyncGenerator<Uint8Array> {
  using folder = temporaryFolder("engine-tar");
  writeFileSync(join(folder.path, name), text);
  yield Bun.spawnSync(["tar", "-C", folder.path, "-cf", "-", name]).stdout;
}
