import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HookPhase } from "../../src/oci/runtime-spec.ts";
import { mounted, type Patch } from "../conformance/suite/bundle.ts";
import { phases, withDiary } from "../conformance/suite/hooks.ts";
import { canRun, openWorld, type World } from "../conformance/suite/world.ts";

/** A hook that leaves what a line of shell writes in the file `NAME` of the room. */
const leaving = (c: World, name: string, script: string, more: Patch = {}): Patch => ({
  path: "/bin/sh",
  args: ["sh", "-c", `{ ${script}; } >${join(c.room, name)} 2>&1`],
  ...more,
});

const left = (c: World, name: string): string => readFileSync(join(c.room, name), "utf8");

/** A hook of each phase, the same line in a file named by it; the container's life to its end. */
async function throughLife(c: World, script: string, ...patches: readonly Patch[]) {
  const hooks = Object.fromEntries(phases.map((phase) => [phase, [leaving(c, phase, script)]]));
  const one = c.container(mounted(withDiary(c)), { hooks, process: { args: ["sleep", "1000"] } }, ...patches);
  writeFileSync(join(one.rootfs, "only-inside"), "");
  expect(await one.create()).toMatchObject({ code: 0 });
  expect(await one.start()).toMatchObject({ code: 0 });
  const pid = await one.pid();
  await one.kill("KILL");
  await one.stopped();
  expect(await one.delete()).toMatchObject({ code: 0 });
  return { one, pid, of: (phase: HookPhase) => left(c, phase) };
}

const namespaceOf = (pid: number | "self", type: string): string =>
  Bun.spawnSync(["readlink", `/proc/${pid}/ns/${type}`]).stdout.toString();

describe.skipIf(!canRun)("hooks", () => {
  test("are told the container's state, with the pid that they can see", async () => {
    await using c = openWorld();
    const annotations = { "org.example.ünïcode": 'a "quoted" value' };
    const { one, pid, of } = await throughLife(c, "cat", { annotations });
    const state = { ociVersion: "1.3.0", id: one.id, bundle: one.bundle, annotations };
    const told = Object.fromEntries(phases.map((phase) => [phase, JSON.parse(of(phase))]));
    expect(told).toEqual({
      prestart: { ...state, status: "creating", pid },
      createRuntime: { ...state, status: "creating", pid },
      createContainer: { ...state, status: "creating", pid: 1 },
      startContainer: { ...state, status: "created", pid: 1 },
      poststart: { ...state, status: "running", pid },
      poststop: { ...state, status: "stopped" },
    });
  });

  test("run in the runtime's namespaces, or in the container's", async () => {
    await using c = openWorld();
    const types = "mnt uts ipc pid";
    const { of } = await throughLife(
      c,
      `for type in ${types}; do readlink /proc/self/ns/$type; done; echo; ! test -e /only-inside || echo inside`,
    );
    const ours = types
      .split(" ")
      .map((type) => namespaceOf("self", type))
      .join("");
    for (const phase of ["prestart", "createRuntime", "poststart", "poststop"] as const)
      expect(of(phase)).toBe(`${ours}\n`);
    // Before pivot the host's procfs is still there: its pids are the host's.
    const [mnt, uts, ipc] = of("createContainer").split("\n");
    expect(of("startContainer").split("\n").slice(0, 3)).toEqual([mnt, uts, ipc] as string[]);
    for (const [index, mine] of ours.split("\n").slice(0, 3).entries())
      expect([mnt, uts, ipc][index]).not.toBe(mine);
    expect(of("createContainer")).not.toContain("inside");
    expect(of("startContainer")).toContain("inside");
  });

  test("get their own arguments and environment, three streams, and nothing else (R13)", async () => {
    await using c = openWorld();
    const script = "ls /proc/self/fd; cat /proc/self/environ | tr '\\0' '\\n'; umask";
    const env = ["PATH=/bin:/usr/bin", "ONLY=this"];
    const hooks = Object.fromEntries(phases.map((phase) => [phase, [leaving(c, phase, script, { env })]]));
    const one = await c.running(mounted(withDiary(c)), { hooks, process: { args: ["true"] } });
    await one.stopped();
    await one.delete();
    for (const phase of phases) {
      const lines = left(c, phase).trim().split("\n");
      // The shell's own, and the folder that ls reads.
      expect({ phase, lines: lines.slice(0, 4) }).toEqual({ phase, lines: ["0", "1", "2", "3"] });
      // What is the shell's own.
      const rest = lines.slice(4).filter((line) => !/^(PWD|SHLVL)=/.test(line));
      expect({ phase, lines: rest.sort() }).toEqual({ phase, lines: ["0022", ...env].sort() });
    }
  });

  test("begin in the bundle, or in the container's root where there is no other", async () => {
    await using c = openWorld();
    const { one, of } = await throughLife(c, "pwd -P", { process: { cwd: "/tmp" } });
    const places = Object.fromEntries(phases.map((phase) => [phase, of(phase).trim()]));
    expect(places).toEqual({
      prestart: one.bundle,
      createRuntime: one.bundle,
      createContainer: one.rootfs,
      startContainer: "/tmp",
      poststart: "/",
      poststop: "/",
    });
  });

  test("of the container's start have the program's user and filter, those before it have root's rights", async () => {
    await using c = openWorld();
    const seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["sethostname"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }],
    };
    const tells: Patch = {
      path: "/bin/sh",
      args: ["sh", "-c", "id -u; grep Seccomp: /proc/self/status; exit 1"],
      env: ["PATH=/bin:/usr/bin"],
    };
    for (const noNewPrivileges of [false, true]) {
      const confined = { linux: { seccomp }, process: { user: { uid: 1234, gid: 5678 }, noNewPrivileges } };
      const one = await c.created(confined, { hooks: { startContainer: [tells] } });
      expect((await one.start()).stderr).toContain("exit code 1: 1234\nSeccomp:\t2");
      expect(await c.refused(confined, { hooks: { createContainer: [tells] } })).toContain(
        "exit code 1: 0\nSeccomp:\t0",
      );
    }
  });

  test("see the container that is being created, and others do too", async () => {
    await using c = openWorld();
    const executable = join(import.meta.dir, "../../build/inro-runtime");
    const asked = (name: string) => leaving(c, name, `exec ${executable} --root ${c.room}/state state $ID`);
    const one = c.container();
    const env = [`ID=${one.id}`];
    one.configure({ hooks: { createRuntime: [{ ...asked("told"), env }] } });
    expect(await one.create()).toMatchObject({ code: 0 });
    expect(JSON.parse(left(c, "told"))).toMatchObject({ id: one.id, status: "creating" });
    expect(await one.state()).toMatchObject({ status: "created" });
  });

  test("that take too long are killed with what they started, and the container with them", async () => {
    await using c = openWorld();
    const pids = join(c.room, "pids");
    const slow = leaving(c, "slow", `sleep 1000 & echo $! $$ >${pids}; wait`, { timeout: 1 });
    const began = performance.now();
    const said = await c.refused({ hooks: { createRuntime: [slow] } });
    expect(performance.now() - began).toBeLessThan(5000);
    expect(said).toContain(
      'the createRuntime hook "/bin/sh" failed: it did not end within 1000 ms and was killed',
    );
    // What is killed dies a moment later; this test would not end otherwise.
    for (const pid of readFileSync(pids, "utf8").trim().split(" "))
      while (existsSync(`/proc/${pid}/exe`)) await Bun.sleep(5);
  });

  test("that fail say why in their own words, the last of many (R17)", async () => {
    await using c = openWorld();
    const loud: Patch = {
      path: "/bin/sh",
      args: ["sh", "-c", "yes | head -c 1000000; echo nothing works >&2; exit 7"],
      env: ["PATH=/bin:/usr/bin"],
    };
    for (const phase of ["prestart", "createContainer"]) {
      const said = await c.refused({ hooks: { [phase]: [loud] } });
      expect(said).toContain(`the ${phase} hook "/bin/sh" failed: it ended with exit code 7: `);
      expect(said).toContain("nothing works");
      expect(said.length).toBeLessThan(400);
    }
  });

  test("that are not there, or lack their interpreter, are named", async () => {
    await using c = openWorld();
    const script = join(c.room, "script");
    writeFileSync(script, "#!/no/such/interpreter\n", { mode: 0o755 });
    expect(await c.refused({ hooks: { createRuntime: [{ path: "/no/such/hook" }] } })).toContain(
      'the createRuntime hook "/no/such/hook" failed: execve: ENOENT',
    );
    expect(await c.refused({ hooks: { createContainer: [{ path: script }] } })).toContain(
      "its interpreter is missing: /no/such/interpreter",
    );
  });

  test("may be scripts, and may leave something behind that holds their output open", async () => {
    await using c = openWorld();
    const script = join(c.room, "script");
    writeFileSync(script, `#!/bin/sh\nsleep 20 &\necho "$@" >>${join(c.room, "words")}\n`, { mode: 0o755 });
    const call = { path: script, args: ["script", "a b", "c"], env: ["PATH=/bin:/usr/bin"] };
    const began = performance.now();
    await c.created({ hooks: { createRuntime: [call], createContainer: [call] } });
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(left(c, "words")).toBe("a b c\na b c\n");
  });

  test("can mount into the container's root, and what they mounted is masked with the rest", async () => {
    await using c = openWorld();
    const mounts = "mount -t tmpfs tmpfs mnt && echo seen >mnt/seen && echo hidden >mnt/hidden";
    const hook = leaving(c, "mount", mounts, { env: ["PATH=/bin:/usr/bin"] });
    const output = await c.inside("cat /mnt/seen /mnt/hidden", {
      hooks: { createContainer: [hook] },
      linux: { maskedPaths: ["/mnt/hidden"] },
      root: { path: "rootfs", readonly: true },
    });
    expect(output).toBe("seen\n");
    expect(readdirSync(join(c.room)).includes("seen")).toBe(false);
  });

  test("of a foreground container are called by run, the last when it has ended", async () => {
    await using c = openWorld();
    const order = (name: string) => leaving(c, "unused", `echo ${name} >>${join(c.room, "order")}`);
    const one = c.container(mounted(withDiary(c)), {
      hooks: Object.fromEntries(phases.map((phase) => [phase, [order(phase)]])),
      process: { args: ["sh", "-c", `sleep 0.3; echo program >>${join(c.room, "order")}; exit 3`] },
    });
    expect(await one.run()).toMatchObject({ code: 3 });
    expect(left(c, "order").trim().split("\n")).toEqual([...phases.slice(0, 5), "program", "poststop"]);
    expect(await one.state()).toBeUndefined();
  });

  test("end with the container that is deleted meanwhile, and the poststop hooks are called once", async () => {
    await using c = openWorld();
    const pid = join(c.room, "pid");
    const poststop = leaving(c, "unused", `echo called >>${join(c.room, "calls")}`);
    const one = c.container({
      hooks: { createRuntime: [leaving(c, "x", `echo $$ >${pid}; exec sleep 1000`)], poststop: [poststop] },
    });
    const creating = one.create();
    while (!existsSync(pid) || readFileSync(pid, "utf8") === "") await Bun.sleep(5);
    expect(await one.delete()).toMatchObject({ code: 1, stderr: expect.stringContaining("it is creating") });
    expect(await one.delete("--force")).toMatchObject({ code: 0 });
    expect(await creating).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the container has ended"),
    });
    expect(left(c, "calls")).toBe("called\n");
    while (existsSync(`/proc/${readFileSync(pid, "utf8").trim()}/exe`)) await Bun.sleep(5);
    expect(await one.state()).toBeUndefined();
  });

  test("end with the command that waits for them", async () => {
    await using c = openWorld();
    const pid = join(c.room, "pid");
    const calls = join(c.room, "calls");
    for (const phase of ["createRuntime", "createContainer"]) {
      const slow = leaving(c, "x", `echo $$ >${pid}; exec sleep 1000`);
      const poststop = leaving(c, "y", `sleep 0.2; echo ${phase} >>${calls}`);
      const one = c.container({ hooks: { [phase]: [slow], poststop: [poststop] } });
      const creating = Bun.spawn(
        [
          join(import.meta.dir, "../../build/inro-runtime"),
          "--root",
          join(c.room, "state"),
          "create",
          "-b",
          one.bundle,
          one.id,
        ],
        { stdio: ["ignore", "ignore", "ignore"] },
      );
      while (!existsSync(pid) || readFileSync(pid, "utf8") === "") await Bun.sleep(5);
      // The shell has told its pid before it becomes what sleeps.
      while (sleepersBelow(creating.pid).length === 0) await Bun.sleep(5);
      const hooks = sleepersBelow(creating.pid);
      expect(hooks.length).toBe(1);
      creating.kill("SIGKILL");
      while (hooks.some((hook) => existsSync(`/proc/${hook}/exe`))) await Bun.sleep(5);
      while (!existsSync(calls) || !readFileSync(calls, "utf8").includes(phase)) await Bun.sleep(5);
      // Whoever served it takes back what its caller cannot any more.
      while ((await one.state()) !== undefined) await Bun.sleep(5);
      expect(readFileSync(calls, "utf8").split(phase)).toHaveLength(2);
      expect(await Bun.$`find /sys/fs/cgroup -name ${one.id}`.nothrow().text()).toBe("");
      Bun.spawnSync(["rm", pid]);
    }
  });
});

/** Descendants of a process that are `sleep`. */
function sleepersBelow(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  return children.flatMap((child) => {
    const own = readFileSync(`/proc/${child}/comm`, "utf8") === "sleep\n" ? [Number(child)] : [];
    return [...own, ...sleepersBelow(Number(child))];
  });
}
