import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { typical } from "../compile/spec.ts";
import { canRun } from "../container.ts";
import { commandLine, sleeping, until } from "./bundle.ts";

const inro = commandLine("life");
afterAll(() => inro[Symbol.asyncDispose]());

describe.skipIf(!canRun)("the OCI command line", () => {
  test("run starts a bundle on the caller's own streams and ends as its program does", async () => {
    const { id, path } = inro.bundle({ args: ["sh", "-c", "echo out; echo err >&2; exit 5"] });
    expect(await inro("run", "--bundle", path, id)).toEqual({ code: 5, stdout: "out\n", stderr: "err\n" });
    expect((await inro("list", "-q")).stdout).toBe("");
    const killed = inro.bundle({ args: ["sh", "-c", "sh -c 'kill -KILL $$'; exit $?"] });
    expect(await inro("run", "--bundle", killed.path, killed.id)).toMatchObject({ code: 137 });
  });

  test("run --detach leaves the program running; one that is not there is an error that leaves nothing", async () => {
    const { id, path } = await inro.running("touch /started; sleep 100");
    await until(() => existsSync(join(path, "rootfs/started")));
    expect(await inro.state(id)).toMatchObject({ status: "running" });
    await inro("delete", "-f", id);
    const broken = inro.bundle({ args: ["/broken"] });
    writeFileSync(join(broken.path, "rootfs/broken"), "#!/no/such/shell\n", { mode: 0o755 });
    const ran = await inro("run", "-d", "-b", broken.path, broken.id);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("its interpreter is missing") });
    expect((await inro("list", "-q")).stdout).toBe("");
  });

  test("create, state, start, kill and delete follow the life cycle of runtime.md", async () => {
    const { id, path } = inro.bundle({ args: ["sh", "-c", "touch /started; sleep 100"] });
    const pidFile = join(path, "pid");
    expect(await inro("create", "-b", path, "--pid-file", pidFile, id)).toMatchObject({ code: 0 });
    const pid = Number(readFileSync(pidFile, "utf8"));
    expect(await inro.state(id)).toEqual({
      ociVersion: "1.3.0",
      id,
      status: "created",
      pid,
      bundle: path,
      rootfs: join(path, "rootfs"),
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      owner: "",
    } as never);
    expect(existsSync(join(path, "rootfs/started"))).toBe(false);
    expect(await inro("start", id)).toMatchObject({ code: 0 });
    await until(() => existsSync(join(path, "rootfs/started")));
    expect(await inro.state(id)).toMatchObject({ status: "running", pid });
    expect(await inro("delete", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("it is running"),
    });
    expect(await inro("kill", id, "KILL")).toMatchObject({ code: 0 });
    await until(async () => (await inro.state(id)).status === "stopped");
    expect(await inro.state(id)).toMatchObject({ pid: 0 });
    expect(await inro("start", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("it is stopped"),
    });
    expect(await inro("kill", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("container not running"),
    });
    expect(await inro("kill", "--all", id, "KILL")).toMatchObject({ code: 0 });
    expect(await inro("delete", id)).toMatchObject({ code: 0 });
    for (const command of ["state", "kill", "start", "delete", "pause", "resume", "ps", "events", "update"]) {
      expect(await inro(command, id)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("container does not exist"),
      });
    }
  }, 20_000);

  test("signals are written by name or number; one that is unknown is refused", async () => {
    const { id, path } = await inro.running(
      "trap 'echo usr1 >> /got' USR1; trap 'echo hup >> /got' HUP; touch /ready; while :; do sleep 0.01; done",
    );
    const got = join(path, "rootfs/got");
    await until(() => existsSync(join(path, "rootfs/ready")));
    const signals = [
      ["SIGUSR1", "usr1\n"],
      ["hup", "usr1\nhup\n"],
      ["10", "usr1\nhup\nusr1\n"],
    ] as const;
    for (const [signal, lines] of signals) {
      expect(await inro("kill", id, signal)).toMatchObject({ code: 0 });
      await until(() => existsSync(got) && readFileSync(got, "utf8") === lines);
    }
    expect(await inro("kill", id, "NOPE")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"NOPE"'),
    });
    await inro("kill", "-a", id, "9");
    await until(async () => (await inro.state(id)).status === "stopped");
    await inro("delete", id);
  }, 20_000);

  test("without a pid namespace of its own a kill, or the end of the first process, takes the others too", async () => {
    const namespaces = (typical.linux?.namespaces ?? []).filter(({ type }) => type !== "pid");
    const linux = { ...typical.linux, resources: {}, namespaces };
    const script = "sleep 100 & sleep 100 & touch /ready; sleep 100";
    const { id, path } = await inro.running(
      script,
      {},
      { linux: { ...linux, cgroupsPath: `${inro.cgroups}/shared` } },
    );
    await until(() => existsSync(join(path, "rootfs/ready")));
    const pids: number[] = JSON.parse((await inro("ps", "-f", "json", id)).stdout);
    expect(pids.length).toBeGreaterThan(2);
    expect(await inro("kill", id, "KILL")).toMatchObject({ code: 0 });
    expect(JSON.parse((await inro("ps", "-f", "json", id)).stdout)).toEqual([]);
    await inro("delete", id);
    const ends = inro.bundle(
      { args: ["sh", "-c", "sleep 100 & exit 3"] },
      { linux: { ...linux, cgroupsPath: `${inro.cgroups}/ends` } },
    );
    expect(await inro("run", "-b", ends.path, ends.id)).toMatchObject({ code: 3 });
    expect(existsSync(`/sys/fs/cgroup/memory${inro.cgroups}/ends`)).toBe(false);
  }, 20_000);

  test("an id can be used once", async () => {
    const { id, path } = inro.bundle(sleeping);
    await inro("create", "-b", path, id);
    expect(await inro("create", "-b", path, id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("a container with this id exists already"),
    });
    expect(await inro.state(id)).toMatchObject({ status: "created" });
    expect(await inro("delete", "--force", id)).toMatchObject({ code: 0 });
    expect(await inro("delete", "--force", id)).toMatchObject({ code: 0 });
  }, 20_000);

  test("a container that cannot be set up leaves nothing, and the log says why in JSON or as logrus does", async () => {
    const { id, path } = inro.bundle({ args: ["nosuch"] });
    const log = join(path, "log");
    const ran = await inro("--log", log, "--log-format", "json", "run", "-b", path, id);
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("executable file not found in $PATH"),
    });
    expect(JSON.parse(readFileSync(log, "utf8"))).toEqual({
      level: "error",
      msg: 'cannot start "nosuch": executable file not found in $PATH',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    await inro("--log", `${log}.text`, "run", "-b", path, id);
    expect(readFileSync(`${log}.text`, "utf8")).toMatch(
      /^time="\S+" level=error msg="cannot start \\"nosuch\\": executable file not found in \$PATH"\n$/,
    );
    const onStderr = await inro("--log-format=json", "run", "-b", path, id);
    expect(JSON.parse(onStderr.stderr)).toMatchObject({ level: "error" });
    expect((await inro("list", "--format", "json")).stdout).toBe("[]\n");
  });

  test("relative sources of binds are the bundle's, HOME comes from its passwd", async () => {
    const { id, path } = inro.bundle(
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

  test("a filter's 64-bit values are read from config.json to the last bit", async () => {
    const script = "for n in 2 3 4; do truncate -s 900719925474099$n /tmp/f 2>/dev/null; echo $?; done";
    const args = [{ index: 1, value: 12345, op: "SCMP_CMP_EQ" as const }];
    const syscalls = [{ names: ["ftruncate"], action: "SCMP_ACT_ERRNO" as const, args }];
    const { id, path } = inro.bundle(
      { args: ["sh", "-c", script] },
      {
        mounts: [{ destination: "/tmp", type: "tmpfs", source: "tmpfs" }],
        linux: { ...typical.linux, seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls } },
      },
    );
    const config = join(path, "config.json");
    writeFileSync(config, readFileSync(config, "utf8").replace("12345", "9007199254740993"));
    expect(await inro("run", "-b", path, id)).toMatchObject({ code: 0, stdout: "0\n1\n0\n" });
  });

  test("a terminal's master is sent to the console socket", async () => {
    const { id, path } = inro.bundle({ args: ["tty"], terminal: true });
    const socket = join(inro.path, "console");
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
    const plain = inro.bundle(sleeping);
    expect(await inro("create", "-b", plain.path, "--console-socket", socket, plain.id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the program has no terminal"),
    });
  }, 20_000);

  test("--preserve-fds keeps the caller's descriptors, each under its number, and no other", async () => {
    const { id, path } = inro.bundle({
      args: ["sh", "-c", "cat <&3; cat <&4; ls /proc/self/fd | tr '\\n' ' '; echo $LISTEN_FDS $LISTEN_PID"],
    });
    for (const name of ["one", "two", "hidden"]) writeFileSync(join(inro.path, name), name);
    const ran = await inro.withDescriptors(
      ["one", "two", "hidden"],
      "",
      "run",
      "--preserve-fds",
      "2",
      "-b",
      path,
      id,
    );
    // 5 is the folder that ls reads: nothing else of the caller's is there.
    expect(ran.stdout).toBe("onetwo0 1 2 3 4 5 \n");
    const listening = await inro.withDescriptors(
      ["one", "two", "hidden"],
      "LISTEN_PID=$$ LISTEN_FDS=1",
      ...["run", "--preserve-fds", "1", "-b", path, id],
    );
    expect(listening.stdout).toBe("onetwo0 1 2 3 4 5 1 1\n");
    expect(await inro("run", "--preserve-fds", "900", "-b", path, id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the caller has not opened it"),
    });
    expect((await inro("list", "-q")).stdout).toBe("");
  }, 20_000);
});
