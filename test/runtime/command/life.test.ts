import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { RuntimeSpec, SpecProcess } from "../../src/oci/runtime-spec.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { typical, process as typicalProcess } from "./compile/spec.ts";
import { canRun, makeRoot } from "./container.ts";

const ENTRY = join(import.meta.dir, "../../src/main.ts");
const room = temporaryFolder("command");
afterAll(() => room[Symbol.dispose]());

let count = 0;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container that is created keeps the caller's streams: files here, since a pipe would have no end. */
async function inro(...words: string[]): Promise<Ran> {
  const [out, err] = [join(room.path, `out${++count}`), join(room.path, `err${count}`)];
  const child = Bun.spawn(
    [process.execPath, ENTRY, "inro-runtime", "--root", join(room.path, "root"), ...words],
    {
      stdio: ["ignore", Bun.file(out), Bun.file(err)],
      timeout: 20_000,
    },
  );
  const code = await child.exited;
  return { code, stdout: await Bun.file(out).text(), stderr: await Bun.file(err).text() };
}

function bundle(more: Partial<SpecProcess>, spec: Partial<RuntimeSpec> = {}): { id: string; path: string } {
  const id = `c${process.pid}x${++count}`;
  const path = join(room.path, id);
  makeRoot(join(path, "rootfs"));
  const config: RuntimeSpec = {
    ...typical,
    process: { ...typicalProcess, rlimits: [], ...more },
    linux: { ...typical.linux, resources: {}, cgroupsPath: `/inro-test-command/${id}` },
    ...spec,
  };
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  return { id, path };
}

afterAll(async () => {
  await Bun.$`rmdir /sys/fs/cgroup/inro-test-command /sys/fs/cgroup/*/inro-test-command`.quiet().nothrow();
});

describe.skipIf(!canRun)("the OCI command line", () => {
  test("run starts a bundle on the caller's own streams and ends as its program does", async () => {
    const { id, path } = bundle({ args: ["sh", "-c", "echo out; echo err >&2; exit 5"] });
    expect(await inro("run", "--bundle", path, id)).toEqual({ code: 5, stdout: "out\n", stderr: "err\n" });
    expect((await inro("list", "-q")).stdout).toBe("");
    expect(existsSync(`/sys/fs/cgroup/memory/inro-test-command/${id}`)).toBe(false);
  });

  test("create, state, start, kill and delete follow the life cycle of runtime.md", async () => {
    const { id, path } = bundle({ args: ["sh", "-c", "touch /started; sleep 100"] });
    const pidFile = join(path, "pid");
    expect(await inro("create", "-b", path, "--pid-file", pidFile, id)).toMatchObject({ code: 0 });
    const state = JSON.parse((await inro("state", id)).stdout);
    expect(state).toEqual({
      ociVersion: "1.3.0",
      id,
      status: "created",
      pid: Number(readFileSync(pidFile, "utf8")),
      bundle: path,
      annotations: {},
    });
    expect(existsSync(join(path, "rootfs/started"))).toBe(false);
    expect(await inro("start", id)).toMatchObject({ code: 0 });
    while (!existsSync(join(path, "rootfs/started"))) await Bun.sleep(2);
    expect(JSON.parse((await inro("state", id)).stdout).status).toBe("running");
    expect(await inro("delete", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("it is running"),
    });
    expect(await inro("kill", id, "KILL")).toMatchObject({ code: 0 });
    await until(async () => JSON.parse((await inro("state", id)).stdout).status === "stopped");
    expect(await inro("start", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("it is stopped"),
    });
    expect(await inro("delete", id)).toMatchObject({ code: 0 });
    expect(await inro("state", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not exist"),
    });
  }, 20_000);

  test("an id can be used once", async () => {
    const { id, path } = bundle({ args: ["sleep", "100"] });
    await inro("create", "-b", path, id);
    expect(await inro("create", "-b", path, id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("a container with this id exists already"),
    });
    expect(await inro("delete", "--force", id)).toMatchObject({ code: 0 });
    expect(await inro("delete", "--force", id)).toMatchObject({ code: 0 });
  }, 20_000);

  test("a container that cannot be set up leaves nothing, and the log says why in JSON", async () => {
    const { id, path } = bundle({ args: ["nosuch"] });
    const log = join(path, "log.json");
    const ran = await inro("--log", log, "--log-format", "json", "run", "-b", path, id);
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("executable file not found in $PATH"),
    });
    expect(JSON.parse(readFileSync(log, "utf8"))).toMatchObject({
      level: "error",
      msg: expect.stringContaining('cannot start "nosuch"'),
    });
    expect((await inro("list", "--format", "json")).stdout).toBe("[]\n");
  });

  test("relative sources of binds are the bundle's, HOME comes from its passwd", async () => {
    const { id, path } = bundle(
      { args: ["sh", "-c", "cat /data/file; echo $HOME"], user: { uid: 5, gid: 5 } },
      { mounts: [{ destination: "/data", type: "bind", source: "data", options: ["rbind"] }] },
    );
    mkdirSync(join(path, "data"));
    writeFileSync(join(path, "data/file"), "from the bundle\n");
    writeFileSync(
      join(path, "rootfs/etc/passwd"),
      "root:x:0:0::/root:/bin/sh\nfive:x:5:5::/home/five:/bin/sh\n",
    );
    expect((await inro("run", "-b", path, id)).stdout).toBe("from the bundle\n/home/five\n");
  });

  test("a terminal's master is sent to the console socket", async () => {
    const { id, path } = bundle({ args: ["tty"], terminal: true });
    const socket = join(room.path, "console");
    const taken = Promise.withResolvers<string>();
    const server = createServer((client) => client.once("data", (data) => taken.resolve(String(data))));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    expect(await inro("create", "-b", path, "--console-socket", socket, id)).toMatchObject({ code: 0 });
    expect(await taken.promise).toBe("/dev/ptmx");
    server.close();
    await inro("delete", "-f", id);
    expect(await inro("create", "-b", path, id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no --console-socket is named"),
    });
  }, 20_000);

  test("a wrong word, flag or bundle is named", async () => {
    expect(await inro("creat", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no such command"),
    });
    expect(await inro("create", "--nosuch", "x")).toMatchObject({
      stderr: expect.stringContaining('"--nosuch"'),
    });
    expect(await inro("create", "-b", "/nosuch", "x")).toMatchObject({
      stderr: expect.stringContaining("/nosuch/config.json"),
    });
    expect(await inro("state", "../x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("container id"),
    });
  });

  test("features says what this runtime can do", async () => {
    const features = JSON.parse((await inro("features")).stdout);
    expect(features).toMatchObject({ ociVersionMax: "1.3.0", linux: { seccomp: { enabled: true } } });
    expect(features.mountOptions).toContain("rro");
    expect((await inro("--version")).stdout).toMatch(/^inro-runtime version .*\nspec: 1\.3\.0\n$/);
  });
});

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await Bun.sleep(10);
}
