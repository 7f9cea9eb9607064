import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { sleeping, until } from "../command/bundle.ts";
import { canRun } from "../container.ts";
import { openFront, placeOf } from "./front.ts";

const front = openFront("front");
const { inro } = front;
afterAll(() => front[Symbol.asyncDispose]());

const HOOK = { path: "/bin/sh", env: ["PATH=/bin:/usr/bin"] };

/** A bundle whose create stays in a hook until a file is there; `told` holds the hook's pid meanwhile. */
function slowBundle(name: string) {
  const told = join(inro.path, `${name}.pid`);
  const go = join(inro.path, `${name}.go`);
  const script = `echo $$ >${told}; until [ -f ${go} ]; do sleep 0.02; done`;
  const made = inro.bundle(sleeping, { hooks: { createRuntime: [{ ...HOOK, args: ["sh", "-c", script] }] } });
  const inHook = () => until(() => existsSync(told) && readFileSync(told, "utf8") !== "");
  return { ...made, told, inHook, goOn: () => writeFileSync(go, "") };
}

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);
const cgroupsOf = async (id: string) => await Bun.$`find /sys/fs/cgroup -name ${id}`.nothrow().text();

describe.skipIf(!canRun)("a Bun that listens", () => {
  test("serves one command after the other, and holds nothing of its first caller's", async () => {
    // Who waits for the end of the first caller's output does not wait for the Bun that it started.
    const first = front.spawn(["--version"]);
    expect(await first.stdout.text()).toStartWith("inro-runtime version");
    expect(await first.stderr.text()).toBe("");
    const pid = await front.resident();
    for (let time = 0; time < 3; time++) expect(await front.run(["list", "-q"])).toMatchObject({ code: 0 });
    expect(front.buns()).toEqual([pid]);
    for (const fd of ["0", "1", "2"])
      expect(await Bun.$`readlink /proc/${pid}/fd/${fd}`.text()).toBe("/dev/null\n");
    expect(await Bun.$`readlink /proc/${pid}/cwd`.text()).toBe("/\n");
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain("INRO_WARM");
  });

  test("that was killed is replaced by the next command", async () => {
    const pid = await front.resident();
    process.kill(pid, "SIGKILL");
    expect(await front.run(["list", "-q"])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await front.resident()).not.toBe(pid);
  });

  test("of several that are started at once one listens, and every command is done", async () => {
    for (const pid of front.buns()) process.kill(pid, "SIGKILL");
    const rans = await Promise.all(Array.from({ length: 6 }, () => front.run(["--version"])));
    for (const ran of rans) expect(ran).toMatchObject({ code: 0, stderr: "" });
    await until(() => front.buns().length === 1);
    expect(await front.resident()).toBe(front.buns()[0] as number);
  });

  test("that does not answer is left alone, and the command is done once all the same", async () => {
    const pid = await front.resident();
    process.kill(pid, "SIGSTOP");
    const { id, path } = inro.bundle(sleeping);
    try {
      expect(await front.run(["run", "-d", "-b", path, id])).toMatchObject({ code: 0, stderr: "" });
    } finally {
      process.kill(pid, "SIGCONT");
    }
    expect(JSON.parse((await front.run(["state", id])).stdout)).toMatchObject({ status: "running" });
    expect(await front.run(["delete", "-f", id])).toMatchObject({ code: 0 });
  }, 30_000);

  test("ends by itself when nobody has come for a while, and takes its socket away", async () => {
    // A namespace of its own is not one that lasts: 5 s.
    const before = front.buns("anywhere");
    expect(await front.run(["list", "-q"], { within: ["unshare", "--uts"] })).toMatchObject({ code: 0 });
    const mine = () => front.buns("anywhere").filter((pid) => !before.includes(pid));
    await until(() => mine().length === 1);
    const folder = placeOf(mine()[0] as number);
    await until(() => existsSync(join(folder, "socket")));
    for (let tries = 0; existsSync(folder) && tries < 1000; tries++) await Bun.sleep(10);
    await until(() => !existsSync(folder) && mine().length === 0);
  }, 30_000);
});

describe.skipIf(!canRun)("one command and another", () => {
  test("a hook that takes its time delays nobody else's start", async () => {
    const slow = slowBundle("slow");
    const creating = front.run(["run", "-d", "-b", slow.path, slow.id]);
    await slow.inHook();
    const other = inro.bundle({ args: ["true"] });
    expect(await front.run(["run", "-b", other.path, other.id])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(isRunning(Number(readFileSync(slow.told, "utf8")))).toBe(true);
    slow.goOn();
    expect(await creating).toMatchObject({ code: 0 });
    expect(await front.run(["delete", "-f", slow.id])).toMatchObject({ code: 0 });
  });

  test("two with one id: one is created, the other is told", async () => {
    const { id, path } = inro.bundle(sleeping);
    const rans = await Promise.all([1, 2].map(() => front.run(["run", "-d", "-b", path, id])));
    expect(rans.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(rans.map(({ stderr }) => stderr).join("")).toContain("a container with this id exists already");
    expect(await front.run(["delete", "-f", id])).toMatchObject({ code: 0 });
  });

  test("a caller that does not read its output keeps nobody else waiting", async () => {
    const line = `exec 3<>"$0"; head -c 65536 /dev/zero >&3; echo full; "$@" >&3; echo "code:$?"`;
    const pipe = join(inro.path, "full");
    Bun.spawnSync(["mkfifo", pipe]);
    const child = front.spawn(["features"], ["sh", "-c", line, pipe]);
    const reader = child.stdout.getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toBe("full\n");
    for (let time = 0; time < 5; time++) expect(await front.run(["list", "-q"])).toMatchObject({ code: 0 });
    const drained = Bun.spawn([
      "sh",
      "-c",
      `dd bs=65536 count=2 <"${pipe}" 2>&1 | tail -c 100000 >/dev/null`,
    ]);
    expect(await next()).toBe("code:0\n");
    drained.kill();
  });

  test("the end of who serves it ends a create in its middle, and all that it made", async () => {
    const pid = await front.resident();
    const slow = slowBundle("deserted");
    const creating = front.spawn(["create", "-b", slow.path, slow.id]);
    await slow.inHook();
    process.kill(pid, "SIGKILL");
    expect(await creating.stderr.text()).toContain("the process that served this command has ended");
    expect(await creating.exited).toBe(1);
    expect(isRunning(Number(readFileSync(slow.told, "utf8")))).toBe(false);
    expect(await cgroupsOf(slow.id)).toBe("");
    expect(await front.run(["delete", "-f", slow.id])).toMatchObject({ code: 0 });
  });

  test("the end of who serves it does not end what runs in the foreground", async () => {
    const pid = await front.resident();
    const go = "until [ -f /go ]; do sleep 0.02; done; exit 9";
    const { id, path } = inro.bundle({ args: ["sh", "-c", go] });
    const running = front.spawn(["run", "-b", path, id]);
    await until(async () => (await front.run(["state", id])).stdout.includes('"running"'));
    process.kill(pid, "SIGKILL");
    writeFileSync(join(path, "rootfs/go"), "");
    expect(await running.exited).toBe(9);
    expect(await cgroupsOf(id)).toBe("");
    expect(await front.run(["delete", "-f", id])).toMatchObject({ code: 0 });
  });

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "a caller that ends by %s in a create leaves nothing",
    async (signal) => {
      const pid = await front.resident();
      const slow = slowBundle(`client-${signal}`);
      const creating = front.spawn(["create", "-b", slow.path, slow.id]);
      await slow.inHook();
      creating.kill(signal);
      await creating.exited;
      await until(async () => (await front.run(["state", slow.id])).code !== 0);
      await until(() => !isRunning(Number(readFileSync(slow.told, "utf8"))));
      expect(await cgroupsOf(slow.id)).toBe("");
      expect(front.buns()).toContain(pid);
    },
  );
});

describe.skipIf(!canRun)("where a caller stands", () => {
  test("a mount namespace of its own is where its paths lead", async () => {
    await front.resident();
    const bundle = join(inro.path, "hidden");
    mkdirSync(bundle);
    const line = `mount -t tmpfs none ${bundle} && "$@" && test -f ${bundle}/config.json`;
    const ran = await front.run(["spec", "-b", bundle], {
      within: ["unshare", "--mount", "sh", "-c", line, "sh"],
    });
    expect(ran).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readdirSync(bundle)).toEqual([]);
  });

  test("relative paths, its environment and what a shell hands over are its own", async () => {
    await front.resident();
    const bundle = join(inro.path, "relative");
    mkdirSync(bundle);
    const there = `cd ${bundle} && "$@" && test -f config.json`;
    expect(await front.run(["spec"], { within: ["sh", "-c", there, "sh"] })).toMatchObject({ code: 0 });
    const { id } = await inro.running("sleep 100");
    const limits = `echo '{"pids":{"limit":77}}' | "$@" -r - ${id}`;
    expect(await front.run(["update"], { within: ["sh", "-c", limits, "sh"] })).toMatchObject({ code: 0 });
    const process = JSON.stringify({
      user: { uid: 0, gid: 0 },
      args: ["echo", "handed"],
      cwd: "/",
      env: ["PATH=/bin"],
    });
    const handed = `"$@" --process <(echo '${process}') ${id}`;
    expect(await front.run(["exec"], { within: ["bash", "-c", handed, "bash"] })).toEqual({
      ...{ code: 0, stdout: "handed\n", stderr: "" },
    });
    const gone = `mkdir ${bundle}/gone && cd ${bundle}/gone && rmdir ${bundle}/gone && "$@"`;
    const ran = await front.run(["spec"], { within: ["sh", "-c", gone, "sh"] });
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the working directory was removed"),
    });
  });

  test("streams that are closed are closed to nobody's harm", async () => {
    await front.resident();
    const { id, path } = inro.bundle({ args: ["sh", "-c", "cat; echo read"] });
    const closed = (streams: string) => ({ within: ["sh", "-c", `exec "$@" ${streams}`, "sh"] });
    expect(await front.run(["run", "-b", path, id], closed("<&-"))).toMatchObject({
      code: 0,
      stdout: "read\n",
    });
    expect(await front.run(["run", "-b", path, id], closed("<&- >&- 2>&-"))).toMatchObject({ code: 0 });
    expect(await front.run(["run", "--preserve-fds", "1", "-b", path, id], closed("3<&-"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot pass descriptor 3"),
    });
  });

  test("its program is found through links, under any name, in $PATH, and as a word of inro", async () => {
    const [link, named] = [join(inro.path, "runc"), join(inro.path, "inro-runtime")];
    const program = inro.words[0] as string;
    for (const path of [link, named]) symlinkSync(program, path);
    const version = expect.stringContaining("inro-runtime version");
    const words = [[link], [named], ["inro-runtime"], [program.replace(/-runtime$/, ""), "inro-runtime"]];
    for (const each of words) {
      const child = Bun.spawn([...each, "--version"], {
        env: { ...front.environment, PATH: `${inro.path}:${process.env["PATH"]}` },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const stdout = await child.stdout.text();
      expect({ each, stdout, code: await child.exited }).toEqual({ each, stdout: version, code: 0 });
    }
    // Alone it is of no use, and says so.
    const alone = join(inro.path, "alone");
    copyFileSync(program, alone);
    const lost = Bun.spawn([alone, "--version"], {
      env: front.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(await lost.stderr.text()).toContain(`cannot run ${inro.path}/inro, which belongs beside it`);
    expect(await lost.exited).toBe(1);
  });

  test.each([
    ["INRO_WARM=0", 0],
    ["", 1],
  ])("with %p in its environment it leaves %i Bun behind", async (assignment, left) => {
    // What a Bun starts has its name until it becomes another program.
    const count = "buns=$(cat /proc/[0-9]*/comm | grep -cx inro)";
    const settle = `for try in $(seq 100); do ${count}; [ "$buns" = ${left} ] && break; sleep 0.02; done; echo "$buns"`;
    const line = `env ${assignment} "$@" >/dev/null; ${settle}`;
    const within = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", line, "sh"];
    expect(await front.run(["--version"], { within })).toMatchObject({ stdout: `${left}\n`, stderr: "" });
  });
});

describe.skipIf(!canRun)("what a container could find of its creator", () => {
  test("R15 is a program that lies in sealed memory (CVE-2019-5736), R13 no descriptor (CVE-2024-21626)", async () => {
    await front.resident();
    const { id, path } = inro.bundle({ args: ["ls", "/proc/self/fd"] });
    const careless = { within: ["bash", "-c", 'exec 9</etc 70</; exec "$@"', "bash"] };
    expect(await front.run(["create", "-b", path, id], careless)).toMatchObject({ code: 0 });
    const { pid } = JSON.parse((await front.run(["state", id])).stdout) as { pid: number };
    const program = readlinkSync(`/proc/${pid}/exe`);
    expect(program).toStartWith("/memfd:");
    const descriptor = openSync(`/proc/${pid}/exe`, "r");
    expect(() => openSync(`/proc/self/fd/${descriptor}`, "r+")).toThrow(/ETXTBSY|EPERM/);
    expect(await front.run(["delete", "-f", id])).toMatchObject({ code: 0 });
    // Nobody runs it for a container now. Were it open for writing, nobody could any more.
    expect(() => openSync(`/proc/self/fd/${descriptor}`, "r+")).toThrow("ETXTBSY");
    closeSync(descriptor);
    // 3 is the folder that ls reads.
    const ran = await front.run(["run", "-b", path, id], careless);
    expect(ran).toEqual({ code: 0, stdout: "0\n1\n2\n3\n", stderr: "" });
  });
});

describe.skipIf(!canRun)("R16 a place that could be somebody else's", () => {
  /** What listens in the resident's place, and what it was sent. */
  async function planted(change: (folder: string) => void): Promise<{ heard: number; ran: unknown }> {
    const resident = await front.resident();
    const name = placeOf(resident);
    process.kill(resident, "SIGKILL");
    await until(() => !isRunning(resident));
    const socket = join(name, "socket");
    Bun.spawnSync(["rm", "-f", socket]);
    let heard = 0;
    const server = createServer((connection) => {
      connection.on("data", (bytes) => {
        heard += bytes.length;
      });
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    change(name);
    try {
      return { ran: await front.run(["--version"]), heard };
    } finally {
      server.close();
      Bun.spawnSync(["rm", "-rf", name]);
    }
  }

  const done = { code: 0, stdout: expect.stringContaining("inro-runtime version"), stderr: "" };

  test("is neither asked nor listened in: a folder of another user's", async () => {
    const { ran, heard } = await planted((folder) => chownSync(folder, 12_345, 12_345));
    expect({ ran, heard }).toEqual({ ran: done, heard: 0 });
    await until(() => front.buns().length === 0);
  });

  test("or one that others may write to", async () => {
    const { ran, heard } = await planted((folder) => chmodSync(folder, 0o777));
    expect({ ran, heard }).toEqual({ ran: done, heard: 0 });
    await until(() => front.buns().length === 0);
  });
});
