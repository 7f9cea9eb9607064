import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { typical, process as typicalProcess } from "../compile/spec.ts";
import { canRun } from "../container.ts";
import { commandLine, sleeping, until } from "./bundle.ts";

const inro = commandLine("exec");

interface Stored {
  readonly cgroups: readonly {
    readonly version: number;
    readonly path: string;
    readonly controllers: string[];
  }[];
}

const cgroupsOf = (id: string) =>
  (JSON.parse(readFileSync(join(inro.root, id, "state.json"), "utf8")) as Stored).cgroups;
afterAll(() => inro[Symbol.asyncDispose]());

describe.skipIf(!canRun)("exec", () => {
  test("it joins the container's namespaces and cgroups, and ends as its program does", async () => {
    const { id } = await inro.running("echo mark > /tmp/mark; sleep 100");
    const probe =
      "until [ -f /tmp/mark ]; do sleep 0.01; done; for n in pid net ipc uts mnt cgroup; do [ $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) ] || echo $n differs; done; cut -d: -f3 /proc/self/cgroup | sort -u; hostname; echo err >&2; exit 9";
    expect(await inro("exec", id, "sh", "-c", probe)).toEqual({
      code: 9,
      stdout: "/\ntypical\n",
      stderr: "err\n",
    });
    expect(await inro("exec", id, "sh", "-c", "kill -TERM $$")).toMatchObject({ code: 143 });
    expect(await inro.withInput("piped", "exec", id, "cat")).toMatchObject({ code: 0, stdout: "piped" });
    // A flag behind the command is the command's.
    expect(await inro("exec", id, "ls", "--help")).toMatchObject({
      stdout: expect.not.stringContaining("inro-runtime"),
    });
  }, 20_000);

  test("user, groups, directory, environment and capabilities are those of its flags", async () => {
    const { id, path } = await inro.running("sleep 100", { env: ["PATH=/bin", "OWN=1"] });
    writeFileSync(join(path, "rootfs/etc/passwd"), "seven:x:7:7::/home/seven:/bin/sh\n");
    const probe =
      "id -u; id -g; id -G; pwd; echo $OWN $A $HOME; grep -E 'Cap(Eff|Bnd)|NoNew' /proc/self/status";
    const ran = await inro(
      ...["exec", "--user", "7:8", "-g", "9", "--additional-gids=10", "--cwd", "/tmp", "-e", "A=b"],
      ...["--env", "OWN=2", "--cap", "CAP_SYS_PTRACE", "--no-new-privs", id, "sh", "-c", probe],
    );
    expect(ran.stdout.split("\n")).toEqual([
      "7",
      "8",
      "8 0 9 10",
      "/tmp",
      "2 b /home/seven",
      "CapEff:\t0000000000000000",
      "CapBnd:\t0000000000080021",
      "NoNewPrivs:\t1",
      "",
    ]);
    const root = await inro("exec", "--cap", "CAP_SYS_PTRACE", id, "grep", "CapEff", "/proc/self/status");
    expect(root.stdout).toBe("CapEff:\t0000000000080021\n");
    // R20: an id is a number between 0 and 2³²−2, with nothing behind it.
    for (const user of [
      "root",
      "4294967295",
      "4294967296",
      "-1",
      "0x0",
      "1:",
      "1:2:3",
      "1 ",
      "99999999999999999999",
    ]) {
      expect({ user, code: (await inro("exec", "--user", user, id, "true")).code }).toEqual({
        user,
        code: 255,
      });
    }
  }, 20_000);

  test("--process takes a process of the specification's form, --detach leaves it, its pid is written", async () => {
    const { id, path } = await inro.running("sleep 100");
    const file = join(path, "process.json");
    const pidFile = join(path, "exec.pid");
    const script = "echo $X > /tmp/said; sleep 100";
    writeFileSync(
      file,
      JSON.stringify({
        ...typicalProcess,
        rlimits: [],
        args: ["sh", "-c", script],
        env: ["PATH=/bin", "X=y"],
      }),
    );
    const ran = await inro("exec", "--process", file, "--detach", "--pid-file", pidFile, id);
    expect(ran).toEqual({ code: 0, stdout: "", stderr: "" });
    const pid = readFileSync(pidFile, "utf8");
    const said = join(path, "rootfs/tmp/said");
    await until(() => existsSync(said) && readFileSync(said, "utf8") === "y\n");
    expect(JSON.parse((await inro("ps", "--format", "json", id)).stdout)).toContain(Number(pid));
    writeFileSync(file, '{"args": "sh"}');
    expect(await inro("exec", "-p", file, id)).toMatchObject({
      code: 255,
      stderr: expect.stringContaining("/args: it is not a list"),
    });
  }, 20_000);

  test.skipIf(Bun.which("ps") === null)(
    "ps as a table is the host's, with its options",
    async () => {
      const { id } = await inro.running("sleep 100");
      const { pid } = await inro.state(id);
      const table = (await inro("ps", id, "-o", "pid,args")).stdout.trim().split("\n");
      expect(table[0]).toMatch(/^\s*PID COMMAND$/);
      expect(table.length).toBe(2);
      expect(table[1]).toContain(String(pid));
      expect((await inro("ps", id)).stdout).toMatch(/^UID\s+PID\s/);
      expect(await inro("ps", id, "-o", "args")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("no column PID"),
      });
    },
    20_000,
  );

  test("a program that cannot be started is told, with the words that callers look for", async () => {
    const { id, path } = await inro.running("sleep 100");
    mkdirSync(join(path, "rootfs/folder"));
    writeFileSync(join(path, "rootfs/broken"), "#!/no/such/shell\n", { mode: 0o755 });
    const why = async (...words: string[]) => {
      const { code, stderr } = await inro("exec", ...words);
      expect(code).toBe(255);
      return stderr;
    };
    expect(await why(id, "nosuch")).toContain('"nosuch": executable file not found in $PATH');
    expect(await why(id, "/nosuch")).toContain('"/nosuch": no such file or directory');
    expect(await why(id, "/folder")).toContain("permission denied");
    expect(await why("-d", id, "/broken")).toContain("its interpreter is missing");
    expect(await why("--cwd", "/nosuch", id, "true")).toContain("working directory");
    expect(await why(id)).toContain("no command is named");
    expect(await inro.state(id)).toMatchObject({ status: "running" });
    expect(JSON.parse((await inro("ps", "-f", "json", id)).stdout)).toHaveLength(1);
  }, 20_000);

  test("a created container can be entered, a stopped or paused one not", async () => {
    const { id, path } = inro.bundle(sleeping);
    await inro("create", "-b", path, id);
    expect(await inro("exec", id, "echo", "early")).toMatchObject({ code: 0, stdout: "early\n" });
    expect(await inro("pause", id)).toMatchObject({ code: 0 });
    expect(await inro.state(id)).toMatchObject({ status: "paused" });
    expect(await inro("exec", id, "true")).toMatchObject({
      code: 255,
      stderr: expect.stringContaining("it is paused"),
    });
    const waiting = inro("exec", "--ignore-paused", id, "echo", "late");
    await Bun.sleep(300);
    expect(await inro("resume", id)).toMatchObject({ code: 0 });
    expect(await waiting).toMatchObject({ code: 0, stdout: "late\n" });
    await inro("kill", id, "KILL");
    await until(async () => (await inro.state(id)).status === "stopped");
    expect(await inro("exec", id, "true")).toMatchObject({
      code: 255,
      stderr: expect.stringContaining("container not running"),
    });
  }, 20_000);

  test("--preserve-fds and --cgroup", async () => {
    const { id } = await inro.running("sleep 100");
    writeFileSync(join(inro.path, "one"), "one");
    const ran = await inro.withDescriptors(
      ["one"],
      "",
      "exec",
      "--preserve-fds=1",
      id,
      "sh",
      "-c",
      "cat <&3",
    );
    expect(ran).toMatchObject({ code: 0, stdout: "one" });
    expect(await inro("exec", "--cgroup", "memory:nosuch", id, "true")).toMatchObject({ code: 255 });
    const memory = cgroupsOf(id).find(({ controllers }) => controllers.includes("memory"));
    mkdirSync(`${memory?.path}/sub`);
    const [asked, place] = memory?.version === 2 ? ["sub", "^0:"] : ["memory:sub", ":memory:"];
    const within = await inro("exec", "--cgroup", asked, id, "grep", place, "/proc/self/cgroup");
    expect(within.stdout).toMatch(/:\/sub\n$/);
    expect(await inro("exec", "--cgroup", "../other", id, "true")).toMatchObject({
      code: 255,
      stderr: expect.stringContaining("no path below"),
    });
  }, 20_000);

  test("it enters a user namespace as the container's own root, and a time namespace", async () => {
    const ids = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    const namespaces = [
      ...(typical.linux?.namespaces ?? []),
      { type: "user" as const },
      { type: "time" as const },
    ];
    const made = inro.bundle(sleeping, {
      linux: {
        ...typical.linux,
        resources: {},
        namespaces,
        uidMappings: ids,
        gidMappings: ids,
        cgroupsPath: `${inro.cgroups}/user`,
      },
    });
    await Bun.$`chown -R 100000:100000 ${join(made.path, "rootfs")} && chmod 755 ${inro.path} ${made.path}`.quiet();
    expect(await inro("run", "-d", "-b", made.path, made.id)).toMatchObject({ code: 0, stderr: "" });
    const probe =
      "for n in user pid net ipc uts mnt cgroup time; do [ $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) ] || echo $n differs; done; id -u; head -1 /proc/self/uid_map";
    const ran = await inro("exec", made.id, "sh", "-c", probe);
    expect(ran.stdout).toMatch(/^0\n +0 +100000 +65536\n$/);
  }, 20_000);

  test("what the bundle says later is without effect", async () => {
    const { id, path } = await inro.running("sleep 100", { env: ["PATH=/bin", "WHEN=before"] });
    const file = join(path, "config.json");
    writeFileSync(file, readFileSync(file, "utf8").replace("WHEN=before", "WHEN=after"));
    expect((await inro("exec", id, "sh", "-c", "echo $WHEN")).stdout).toBe("before\n");
    writeFileSync(file, "{");
    expect((await inro("exec", id, "sh", "-c", "echo $WHEN")).stdout).toBe("before\n");
  }, 20_000);

  test("a terminal of the container's own goes to the console socket", async () => {
    const { id } = await inro.running("sleep 100");
    const socket = join(inro.path, "exec-console");
    const taken = Promise.withResolvers<string>();
    const server = createServer((client) => client.once("data", (data) => taken.resolve(String(data))));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    expect(await inro("exec", "-t", "-d", "--console-socket", socket, id, "sleep", "100")).toMatchObject({
      code: 0,
    });
    expect(await taken.promise).toBe("/dev/ptmx");
    server.close();
    expect(await inro("exec", "-t", "-d", id, "true")).toMatchObject({ code: 255 });
  }, 20_000);
});
