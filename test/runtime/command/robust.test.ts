import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canRun } from "../container.ts";
import { commandLine, sleeping, until } from "./bundle.ts";

const inro = commandLine("robust");
afterAll(() => inro[Symbol.asyncDispose]());

const stateFile = (id: string) => join(inro.root, id, "state.json");

interface Stored {
  readonly cgroups: readonly { readonly path: string }[];
}

const cgroupsOf = (id: string) =>
  (JSON.parse(readFileSync(stateFile(id), "utf8")) as Stored).cgroups.map(({ path }) => path);

const isGone = (pid: number) =>
  !existsSync(`/proc/${pid}`) || /State:\tZ/.test(readFileSync(`/proc/${pid}/status`, "utf8"));

describe.skipIf(!canRun)("what goes wrong", () => {
  test("of two that create the same id, or start the same container, one does", async () => {
    const { id, path } = inro.bundle(sleeping);
    const created = await Promise.all([1, 2, 3].map(() => inro("create", "-b", path, id)));
    expect(created.map(({ code }) => code).sort()).toEqual([0, 1, 1]);
    expect(await inro.state(id)).toMatchObject({ status: "created" });
    const started = await Promise.all([1, 2, 3].map(() => inro("start", id)));
    expect(started.map(({ code }) => code).sort()).toEqual([0, 1, 1]);
    for (const { code, stderr } of started) if (code !== 0) expect(stderr).toContain("it is running");
    expect(await inro.state(id)).toMatchObject({ status: "running" });
    await inro("delete", "-f", id);
  }, 30_000);

  test("a container that died at its gate can be told, not started, and deleted", async () => {
    const { id, path } = inro.bundle(sleeping);
    await inro("create", "-b", path, id);
    const { pid } = await inro.state(id);
    process.kill(pid, "SIGKILL");
    await until(() => isGone(pid));
    expect(await inro.state(id)).toMatchObject({ status: "stopped", pid: 0 });
    expect(await inro("start", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("it is stopped"),
    });
    expect(await inro("delete", id)).toMatchObject({ code: 0 });
  }, 30_000);

  test("start ends when the program runs, and tells why one cannot be executed", async () => {
    const { id, path } = inro.bundle({ args: ["/foreign"] });
    writeFileSync(join(path, "rootfs/foreign"), "neither a program nor a script", { mode: 0o755 });
    expect(await inro("create", "-b", path, id)).toMatchObject({ code: 0 });
    expect(await inro("start", id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /cannot start the program.*(ENOEXEC|neither a program nor a script|errno 8)/,
      ),
    });
    expect(await inro.state(id)).toMatchObject({ status: "stopped" });
    expect(await inro("delete", id)).toMatchObject({ code: 0 });
    const sleeper = inro.bundle(sleeping);
    await inro("create", "-b", sleeper.path, sleeper.id);
    const { pid } = await inro.state(sleeper.id);
    const commandOf = () => readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    expect(commandOf()).not.toBe("sleep");
    expect(await inro("start", sleeper.id)).toMatchObject({ code: 0 });
    expect(commandOf()).toBe("sleep");
    await inro("delete", "-f", sleeper.id);
  }, 30_000);

  test("a state that cannot be read is told; --force takes everything away all the same", async () => {
    const good = JSON.stringify({ version: 1 });
    for (const text of ["", "{", "null", good]) {
      const { id } = await inro.running("sleep 100");
      const { pid } = await inro.state(id);
      const cgroups = cgroupsOf(id);
      expect(cgroups.every((path) => existsSync(path))).toBe(true);
      writeFileSync(stateFile(id), text);
      for (const words of [["state"], ["kill"], ["start"], ["delete"], ["exec", "true"]]) {
        const [command = "", ...rest] = words;
        const ran = await inro(command, id, ...rest);
        expect(ran.code).not.toBe(0);
        expect(ran.stderr).toContain("cannot read the state of the container");
      }
      expect(await inro("list", "-q")).toMatchObject({ code: 0, stdout: "" });
      expect(await inro("delete", "--force", id)).toMatchObject({ code: 0, stderr: "" });
      expect(isGone(pid)).toBe(true);
      expect(cgroups.filter((path) => existsSync(path))).toEqual([]);
      expect(existsSync(join(inro.root, id))).toBe(false);
    }
  }, 120_000);

  test("a state that is missing is that of no container; --force takes everything away all the same", async () => {
    const { id } = await inro.running("sleep 100");
    const { pid } = await inro.state(id);
    const cgroups = cgroupsOf(id);
    rmSync(stateFile(id));
    expect(await inro("state", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not exist"),
    });
    expect(await inro("delete", id)).toMatchObject({ code: 1 });
    expect(await inro("delete", "--force", id)).toMatchObject({ code: 0, stderr: "" });
    expect(isGone(pid)).toBe(true);
    expect(cgroups.filter((path) => existsSync(path))).toEqual([]);
  }, 30_000);

  test("another container's state, copied, is not believed: nobody else is killed by it", async () => {
    const { id } = await inro.running("sleep 100");
    const other = await inro.running("sleep 100");
    writeFileSync(stateFile(id), readFileSync(stateFile(other.id)));
    expect(await inro("kill", id, "KILL")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`"${other.id}"`),
    });
    await inro("delete", "--force", id);
    expect(await inro.state(other.id)).toMatchObject({ status: "running" });
    await inro("delete", "-f", other.id);
  }, 30_000);

  test("a bundle that changes, or goes, after create is without effect", async () => {
    const { id, path } = inro.bundle({
      args: ["sh", "-c", "echo $WHEN > /told; sleep 100"],
      env: ["PATH=/bin", "WHEN=before"],
    });
    await inro("create", "-b", path, id);
    rmSync(join(path, "config.json"));
    expect(await inro("start", id)).toMatchObject({ code: 0 });
    await until(() => existsSync(join(path, "rootfs/told")));
    expect(readFileSync(join(path, "rootfs/told"), "utf8")).toBe("before\n");
    expect((await inro("exec", id, "sh", "-c", "echo $WHEN")).stdout).toBe("before\n");
    expect(await inro("delete", "-f", id)).toMatchObject({ code: 0 });
  }, 30_000);

  test("what fails leaves neither folder nor cgroup nor process", async () => {
    const failing = [
      inro.bundle({ args: ["nosuch"] }),
      inro.bundle({ cwd: "/bin/sh" }),
      inro.bundle({}, { mounts: [{ destination: "/x", type: "nosuch", source: "x" }] }),
      inro.bundle(
        {},
        { mounts: [{ destination: "/x", type: "bind", source: "/no/such", options: ["bind"] }] },
      ),
    ];
    for (const { id, path } of failing) {
      for (const command of [["create"], ["run"], ["run", "-d"]]) {
        const ran = await inro(...command, "-b", path, "--pid-file", join(path, "pid"), id);
        expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/^inro-runtime: .+/) });
        expect(existsSync(join(path, "pid"))).toBe(false);
      }
      const left = [...new Bun.Glob(`{*/,}*/${id}`).scanSync({ cwd: "/sys/fs/cgroup", onlyFiles: false })];
      expect(left).toEqual([]);
    }
    expect((await inro("list", "-q")).stdout).toBe("");
  }, 60_000);

  test("files of the caller's that cannot be written are told in the kernel's words, and leave nothing", async () => {
    const { id, path } = inro.bundle(sleeping);
    for (const command of ["create", "run"]) {
      const ran = await inro(command, "-b", path, "--pid-file", "/no/such/pid", id);
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/^inro-runtime: ENOENT: .*\n$/) });
    }
    const told = await inro("--log", "/no/such/log", "state", id);
    expect(told.stderr).toContain('cannot write the log "/no/such/log"');
    expect((await inro("list", "-q")).stdout).toBe("");
    expect(await inro("--root", "/proc/nothing", "create", "-b", path, id)).toMatchObject({
      code: 1,
      stderr: expect.not.stringContaining(" at "),
    });
  }, 30_000);

  test("state is kept below a relative --root too", async () => {
    const { id, path } = inro.bundle(sleeping);
    const here = `../../../${join(process.cwd(), "x").replace(/[^/]+/g, "..")}${inro.path}/relative`;
    expect(await inro("--root", here, "create", "-b", path, id)).toMatchObject({ code: 0, stderr: "" });
    expect(await inro("--root", `${inro.path}/relative`, "start", id)).toMatchObject({ code: 0 });
    expect(await inro("--root", here, "delete", "-f", id)).toMatchObject({ code: 0 });
  }, 30_000);

  test("a console socket where nobody listens fails create, and leaves nothing", async () => {
    const { id, path } = inro.bundle({ ...sleeping, terminal: true });
    const ran = await inro("create", "-b", path, "--console-socket", join(inro.path, "nobody"), id);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("nobody takes it there") });
    expect((await inro("list", "-q")).stdout).toBe("");
    const file = await inro.running("sleep 100");
    expect(
      await inro("exec", "-t", "-d", "--console-socket", "/nobody", file.id, "sleep", "99"),
    ).toMatchObject({ code: 255 });
    await until(async () => JSON.parse((await inro("ps", "-f", "json", file.id)).stdout).length === 1);
    await inro("delete", "-f", file.id);
  }, 30_000);
});
