/** The laws of the monitor (docs/KERNEL.md), each broken where it can be. */
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { locate } from "../../../src/kernel/cgroup/hierarchies.ts";
import { MONITOR_VERSION } from "../../../src/kernel/plan/frames.ts";
import type { Op } from "../../../src/kernel/plan/operations.ts";
import { exitCode, parseExit } from "../../../src/oci/exit.ts";
import { readFacts } from "../../../src/runtime/facts.ts";
import { readLog } from "../../../src/runtime/log/read.ts";
import { readExit } from "../../../src/runtime/monitor/exits.ts";
import { connectMonitor } from "../../../src/runtime/monitor/monitor.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import {
  all,
  container,
  everything,
  gone,
  isAlive,
  isRoot,
  type Options,
  sh,
  statusOf,
  unframe,
  until,
} from "./container.ts";

const memory = locate(readFacts().hierarchies, "memory");

/** Operations that put a container into a memory cgroup of its own and take that away again. */
function memoryGroup(limit: number) {
  if (memory === undefined) throw new Error("no memory controller");
  const { mount: hierarchy, version } = memory;
  const name = `/inro-monitor-test-${process.pid}-${++groups}`;
  const file = version === 1 ? "memory.limit_in_bytes" : "memory.max";
  const because = "test";
  const path = hierarchy + name;
  const options = {
    memory: 910,
    host: [
      {
        kind: "makeCgroup",
        because,
        out: 910,
        hierarchy,
        path: name,
        ...(version === 2 && { controllers: "+memory" }),
      },
      { kind: "writeCgroup", because, cgroup: 910, file, value: String(limit), optional: false },
    ],
    map: [{ kind: "joinCgroup", because, cgroup: 910, who: "child" }],
    undo: [{ kind: "removeCgroup", because, hierarchy, path: name }],
  } satisfies Options;
  const remove = () => {
    if (existsSync(path)) rmdirSync(path);
  };
  return { hierarchy, name, path, options, [Symbol.dispose]: remove };
}

let groups = 0;

const wholeLog = {
  stdout: true,
  stderr: true,
  since: null,
  until: null,
  tail: null,
  follow: false,
  signal: new AbortController().signal,
};

const exitPath = (folder: string) => join(folder, "exit.json");

describe.skipIf(!isRoot)("laws of the monitor", () => {
  test("1 all output is in the log before the exit file appears", async () => {
    await using c = await container(sh("seq 1 200000; printf tail; exit 7"), { maxSize: 0 });
    await c.start();
    await until(() => existsSync(exitPath(c.folder)), "the exit file");
    let written = "";
    const form = { framed: false, timestamps: false, details: "" };
    for await (const piece of readLog(c.log, wholeLog, form)) written += Buffer.from(piece).toString();
    expect(written.split("\n")).toEqual([
      ...Array.from({ length: 200_000 }, (_, i) => String(i + 1)),
      "tail",
    ]);
    expect(await c.monitor.exited).toMatchObject({ code: 7, signal: 0, lostBytes: 0, oomKilled: false });
  });

  test("1 the exit file is never seen half-written, and its sockets close after it", async () => {
    await using c = await container(sh("exit 3"));
    const stream = await c.monitor.attach(all);
    await c.start();
    await everything(stream);
    const exit = parseExit(readFileSync(exitPath(c.folder), "utf8"), "exit.json");
    expect(exitCode(exit)).toBe(3);
    expect(exit.finishedAt).toBeGreaterThan(exit.startedAt);
    expect(readdirSync(c.folder)).not.toContain(".exit.new");
  });

  test("1 a grandchild that holds the pipes delays the exit by a moment, one that writes by two seconds", async () => {
    for (const [script, least, most] of [
      ["sleep 3 & echo done", 0, 1500],
      ["(while :; do echo noise; sleep 0.05; done) & echo done", 1500, 4000],
    ] as const) {
      await using c = await container(sh(script), { hostPids: true });
      await c.start();
      const before = performance.now();
      await c.monitor.exited;
      expect(performance.now() - before).toBeGreaterThan(least);
      expect(performance.now() - before).toBeLessThan(most);
      expect(c.logText()).toContain(" done\n");
    }
  }, 20_000);

  test("2 a terminal without any slave is waited on, not spun on, and read again when it comes back", async () => {
    const script = "exec </dev/null >/dev/null 2>&1; sleep 1.5; echo late >/dev/tty; sleep 0.3; exit 5";
    await using c = await container(sh(script), { terminal: true });
    const stream = await c.monitor.attach(all);
    await c.start();
    await Bun.sleep(300);
    const before = ticks(c.monitorPid);
    await Bun.sleep(800);
    expect(ticks(c.monitorPid) - before).toBeLessThanOrEqual(2);
    expect((await everything(stream)).toString()).toBe("late\r\n");
    expect((await c.monitor.exited).code).toBe(5);
  });

  test("3 a client that reads nothing does not block the container, costs no memory, and catches up from the log", async () => {
    await using c = await container(sh("seq 1 400000"), { maxSize: 0 });
    const slow = await c.monitor.attach(all);
    slow.pause();
    await c.start();
    expect((await c.monitor.exited).code).toBe(0);
    expect(residentKb(c.monitorPid)).toBeLessThan(600);
    const lines = unframe(await everything(slow)).stdout.split("\n");
    expect(lines).toHaveLength(400_001);
    expect(lines[399_999]).toBe("400000");
  });

  test("3 a client that was there before the start is the container's pipe: it loses nothing, and the container waits", async () => {
    const lines = "yes | head -n 150000; seq 1 50000 >&2";
    await using c = await container(sh(lines), { maxSize: 128 * 1024, maxFiles: 3 });
    const slow = await c.monitor.attach(all);
    slow.pause();
    await c.start();
    await until(() => existsSync(`${c.log}.1`), "a rotation");
    await Bun.sleep(500);
    expect((await c.monitor.state()).status).toBe("running");
    expect(heldBytes(c.monitorPid)).toBeLessThan(4_000_000);
    const { stdout, stderr } = unframe(await everything(slow));
    expect(stdout).toBe("y\n".repeat(150_000));
    expect(stderr.split("\n")).toHaveLength(50_001);
    expect((await c.monitor.exited).code).toBe(0);
  });

  test("3 a container goes on when the client that it waited for leaves", async () => {
    await using c = await container(sh("seq 1 300000"), { maxSize: 64 * 1024, maxFiles: 2 });
    const gone = await c.monitor.attach(all);
    gone.pause();
    await c.start();
    await until(() => existsSync(`${c.log}.1`), "a rotation");
    gone.destroy();
    expect((await c.monitor.exited).code).toBe(0);
    expect(c.logText()).toEndWith(" 300000\n");
  });

  test("3 rotated files wait for a client that is behind, even when the container's folder is removed", async () => {
    await using c = await container(sh("read x; seq 1 300000"), { maxSize: 256 * 1024, maxFiles: 2 });
    await c.start();
    const slow = await c.monitor.attach(all);
    slow.pause();
    slow.write("go\n");
    await c.monitor.exited;
    rmSync(c.folder, { recursive: true, force: true });
    expect(heldBytes(c.monitorPid)).toBeGreaterThan(1_000_000);
    const { stdout, stderr } = unframe(await everything(slow));
    expect(stdout.split("\n")).toHaveLength(300_001);
    expect(stderr).toBe("");
  });

  test("3 a client that came later and is far behind is told that it missed something, and its frames stay whole", async () => {
    await using c = await container(sh("read x; seq 1 300000; read x; seq 300001 300100"), {
      maxSize: 16 * 1024,
      maxFiles: 2,
    });
    await c.start();
    const slow = await c.monitor.attach(all);
    slow.pause();
    slow.write("go\n");
    await until(() => c.logText().includes(" 300000\n"), "the last line");
    expect(heldBytes(c.monitorPid)).toBeLessThan(66 * 17 * 1024);
    slow.write("go\n");
    const { stdout, stderr } = unframe(await everything(slow));
    expect(stdout.startsWith("1\n2\n3\n")).toBe(true);
    expect(stdout.endsWith("300099\n300100\n")).toBe(true);
    expect(stderr).toContain("output was skipped here");
    await until(
      () => !existsSync(`/proc/${c.monitorPid}/fd`) || heldBytes(c.monitorPid) === 0,
      "the files closed",
    );
  });

  test("3 input that the program does not read waits with its client and is all delivered", async () => {
    await using c = await container(sh("sleep 0.7; wc -c"), { stdinOnce: true });
    const stream = await c.monitor.attach(all);
    await c.start();
    stream.end(Buffer.alloc(3_000_000, "x"));
    await Bun.sleep(300);
    expect(residentKb(c.monitorPid)).toBeLessThan(600);
    expect(unframe(await everything(stream)).stdout.trim()).toBe("3000000");
  });

  test("3 half-close ends the input only when it is asked to be once", async () => {
    await using many = await container(["/bin/cat"]);
    const first = await many.monitor.attach(all);
    await many.start();
    first.end("one\n");
    await until(() => many.logText().includes("one"), "the first line");
    const second = await many.monitor.attach({ ...all, logs: true });
    second.write("two\n");
    await until(() => many.logText().includes("two"), "the second line");
    await many.monitor.closeStdin();
    expect(unframe(await everything(second)).stdout).toBe("one\ntwo\n");
    expect((await many.monitor.exited).code).toBe(0);
    await using once = await container(["/bin/cat"], { stdinOnce: true });
    const only = await once.monitor.attach(all);
    const watcher = await once.monitor.attach({ ...all, stdin: false });
    await once.start();
    watcher.end("nobody reads this");
    await Bun.sleep(50);
    only.end("one\n");
    expect(unframe(await everything(only)).stdout).toBe("one\n");
  });

  test("4 a full disk stops neither the container nor those who watch, and the log says what it misses", async () => {
    using disk = temporaryFolder("monitor-disk");
    const mount = (...args: string[]) => expect(spawnSync("mount", args).status).toBe(0);
    mount("-t", "tmpfs", "-o", "size=256k", "none", disk.path);
    try {
      await using c = await container(sh("seq 1 30000; read x; echo back"), {
        logFolder: disk.path,
        maxSize: 0,
      });
      const stream = await c.monitor.attach(all);
      const watched = everything(stream);
      await c.start();
      await until(() => statSync(c.log).size > 200_000, "a full disk");
      await Bun.sleep(300);
      mount("-o", "remount,size=4m", disk.path);
      stream.write("go\n");
      const exit = await c.monitor.exited;
      expect(exit.lostBytes).toBeGreaterThan(1000);
      expect(c.logText()).toMatch(
        /stderr F \[inro: \d+ bytes of output are missing here: no space left on device\]\n/,
      );
      expect(c.logText()).toEndWith("stdout F back\n");
      for (const line of c.logText().trimEnd().split("\n"))
        expect(line).toMatch(/^2\d{3}-.{24}Z std(out|err) [FP] /);
      const { stdout } = unframe(await watched);
      expect(stdout.split("\n").slice(0, 30_000)).toEqual(
        Array.from({ length: 30_000 }, (_, i) => String(i + 1)),
      );
    } finally {
      spawnSync("umount", [disk.path]);
    }
  });

  test("4 a full disk does not take the exit code", async () => {
    using disk = temporaryFolder("monitor-disk");
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", disk.path]).status).toBe(0);
    try {
      await using c = await container(sh("seq 1 100000; exit 21"), { parent: disk.path, maxSize: 0 });
      await c.start();
      expect((await c.monitor.exited).lostBytes).toBeGreaterThan(1000);
      expect(() => writeFileSync(join(disk.path, "more"), Buffer.alloc(128 * 1024))).toThrow("ENOSPC");
      expect((await readExit(c.folder, "")).code).toBe(21);
    } finally {
      spawnSync("umount", [disk.path]);
    }
  });

  test("4 a full disk does not take the exit code of an exec from who asks after its end", async () => {
    using disk = temporaryFolder("monitor-disk");
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", disk.path]).status).toBe(0);
    try {
      await using c = await container(sh("sleep 60"), { parent: disk.path, maxSize: 0 });
      await c.start();
      expect(() => writeFileSync(join(disk.path, "more"), Buffer.alloc(512 * 1024))).toThrow("ENOSPC");
      for (const [id, code] of [
        ["first", 5],
        ["second", 6],
      ] as const) {
        await everything(await c.exec(id, ["/bin/sh", "-c", `exit ${code}`]));
        await Bun.sleep(50);
        expect((await c.monitor.wait(id)).code).toBe(code);
        expect(existsSync(join(c.folder, "exec", `${id}.json`))).toBe(false);
      }
    } finally {
      spawnSync("umount", [disk.path]);
    }
  });

  test("4 SIGPIPE, SIGHUP, SIGXFSZ and a shutdown's SIGTERM do not end a monitor, and its container is deaf to none", async () => {
    await using c = await container(sh("trap 'echo term; exit 9' TERM; while :; do sleep 0.1; done"));
    await c.start();
    for (const signal of ["SIGPIPE", "SIGHUP", "SIGXFSZ", "SIGTERM", "SIGINT"] as const)
      process.kill(c.monitorPid, signal);
    await Bun.sleep(100);
    // The shell's libc blocks everything around each fork: what is inherited is blocked in every sample.
    const mask = (name: "SigBlk" | "SigIgn") =>
      BigInt(`0x${new RegExp(`${name}:\\t(\\w+)`).exec(statusOf(c.monitor.pid))?.[1]}`);
    let [blocked, ignored] = [mask("SigBlk"), mask("SigIgn")];
    for (let sample = 0; sample < 20; sample++) {
      await Bun.sleep(7);
      [blocked, ignored] = [blocked & mask("SigBlk"), ignored & mask("SigIgn")];
    }
    expect([blocked, ignored]).toEqual([0n, 0n]);
    const exec = await c.exec("signals", ["/bin/grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]);
    expect(unframe(await everything(exec)).stdout).toMatch(/^SigBlk:\t0+\nSigIgn:\t0+\n$/);
    await c.monitor.signal(15);
    expect((await c.monitor.exited).code).toBe(9);
  });

  test("5 the monitor rotates by size and keeps so many files; for a caller that rotates it reopens", async () => {
    await using own = await container(sh("seq 1 50000"), { maxSize: 64 * 1024, maxFiles: 3 });
    await own.start();
    await own.monitor.exited;
    const files = readdirSync(own.folder)
      .filter((name) => name.startsWith("container.log"))
      .sort();
    expect(files).toEqual(["container.log", "container.log.1", "container.log.2"]);
    for (const name of files) expect(statSync(join(own.folder, name)).size).toBeLessThanOrEqual(64 * 1024);
    await using other = await container(sh("echo before; read x; echo after"), { maxSize: 0 });
    const stream = await other.monitor.attach(all);
    await other.start();
    await until(() => other.logText().includes("before"), "the first line");
    spawnSync("mv", [other.log, `${other.log}.20261124`]);
    await other.monitor.reopenLog();
    stream.write("\n");
    await other.monitor.exited;
    expect(other.logText()).toEndWith(" after\n");
    expect(other.logText()).not.toContain("before");
    expect(unframe(await everything(stream)).stdout).toBe("before\nafter\n");
  });

  test.skipIf(memory === undefined)(
    "6 a kill for lack of memory is recorded, though the cgroup is gone afterwards",
    async () => {
      using group = memoryGroup(24 * 1024 * 1024);
      await using c = await container(sh("exec tail /dev/zero"), group.options);
      await c.start();
      expect(await c.monitor.exited).toMatchObject({ signal: 9, oomKilled: true });
      expect(existsSync(group.path)).toBe(false);
      using enough = memoryGroup(256 * 1024 * 1024);
      await using other = await container(sh("sleep 0.1; kill -9 $$"), { ...enough.options, hostPids: true });
      await other.start();
      expect(await other.monitor.exited).toMatchObject({ signal: 9, oomKilled: false });
    },
  );

  test.skipIf(memory === undefined)(
    "6 and is told while the container goes on: once, to who waits and to who asks afterwards",
    async () => {
      using group = memoryGroup(24 * 1024 * 1024);
      const hungry = "(tail /dev/zero & wait $!); read x; (tail /dev/zero & wait $!); read x; exit 3";
      await using c = await container(sh(hungry), group.options);
      const stream = await c.monitor.attach(all);
      await c.start();
      expect(await c.monitor.awaitKills(0)).toBe(1);
      const next = c.monitor.awaitKills(1);
      // Of several who ask the last is answered.
      const other = await c.connect();
      expect(await other.awaitKills(0)).toBe(1);
      other.close();
      const again = c.monitor.awaitKills(1);
      expect(await Promise.race([next, again, Bun.sleep(50)])).toBeUndefined();
      stream.write("\n");
      expect(await again).toBe(2);
      const last = c.monitor.awaitKills(2);
      stream.write("\n");
      expect(await c.monitor.exited).toMatchObject({ code: 3, oomKilled: true });
      expect(await last).toBeUndefined();
    },
  );

  test.skipIf(memory === undefined)(
    "7 it can live in a cgroup of its own, where its container's freezing does not reach it",
    async () => {
      using group = memoryGroup(64 * 1024 * 1024);
      const own: Op[] = [
        {
          kind: "makeCgroup",
          because: "test",
          out: 911,
          hierarchy: group.hierarchy,
          path: `${group.name}-monitor`,
        },
        { kind: "joinCgroup", because: "test", cgroup: 911, who: "self" },
      ];
      const { options } = group;
      await using c = await container(sh("sleep 30"), { ...options, host: [...own, ...options.host] });
      await c.start();
      const members = (path: string) => readFileSync(join(path, "cgroup.procs"), "utf8").trim().split("\n");
      expect(members(`${group.path}-monitor`)).toEqual([String(c.monitorPid)]);
      expect(members(group.path)).toContain(String(c.monitor.pid));
      expect(members(group.path)).not.toContain(String(c.monitorPid));
      await c[Symbol.asyncDispose]();
      rmdirSync(`${group.path}-monitor`);
    },
  );

  test("7 and 13 it has no descriptor, session or signal of whoever started it", async () => {
    await using c = await container(sh("sleep 5"));
    await c.start();
    const fds = readdirSync(`/proc/${c.monitorPid}/fd`).map((fd) =>
      readlinkSync(`/proc/${c.monitorPid}/fd/${fd}`),
    );
    const ours = /^(\/dev\/null|anon_inode:.*|pipe:.*|socket:.*|\/tmp\/inro-monitor-.*)$/;
    for (const target of fds) expect(target).toMatch(ours);
    expect(Number(/NSsid:\t(\d+)/.exec(statusOf(c.monitorPid))?.[1])).toBe(c.monitorPid);
    expect(readlinkSync(`/proc/${c.monitorPid}/cwd`)).toBe("/");
    expect(readFileSync(`/proc/${c.monitorPid}/comm`, "utf8")).toBe("inro-monitor\n");
  });

  test("9 an orphan's end is reaped and not taken for the container's", async () => {
    await using c = await container(sh("(sh -c 'sleep 0.2; exit 42' &); sleep 1; exit 6"), {
      hostPids: true,
    });
    await c.start();
    await Bun.sleep(600);
    expect((await c.monitor.state()).status).toBe("running");
    const children = readFileSync(`/proc/${c.monitorPid}/task/${c.monitorPid}/children`, "utf8").trim();
    expect(children).toBe(String(c.monitor.pid));
    expect((await c.monitor.exited).code).toBe(6);
  });

  test("10 several exec sessions at once: streams, terminal, exits that last", async () => {
    await using c = await container(sh("sleep 30"));
    await c.start();
    const piped = await c.exec("piped", sh("cat; echo error >&2; exit 4"));
    const terminal = await c.exec("terminal", sh("stty size; read x; stty size; exit 5"), { terminal: true });
    await c.monitor.resize({ rows: 33, columns: 99 }, "terminal");
    terminal.write("\n");
    piped.end("input");
    expect(unframe(await everything(piped))).toEqual({ stdout: "input", stderr: "error\n" });
    expect((await everything(terminal)).toString()).toContain("33 99\r\n");
    expect((await readExit(c.folder, "piped")).code).toBe(4);
    expect((await c.monitor.wait("terminal")).code).toBe(5);
    expect((await c.monitor.state("piped")).status).toBe("unknown");
    await c.exec("long", sh("sleep 20"));
    await c.monitor.signal(9, "long");
    expect(await c.monitor.wait("long")).toMatchObject({ code: 0, signal: 9 });
    expect((await c.monitor.state()).status).toBe("running");
  });

  test("10 an exec's program waits for a client that does not read, and goes on without one that left", async () => {
    await using c = await container(sh("sleep 30"));
    await c.start();
    const slow = await c.exec("slow", sh("seq 1 300000"));
    slow.pause();
    await Bun.sleep(300);
    expect((await c.monitor.state("slow")).status).toBe("running");
    expect(residentKb(c.monitorPid)).toBeLessThan(600);
    expect(unframe(await everything(slow)).stdout.split("\n")).toHaveLength(300_001);
    const left = await c.exec("left", sh("seq 1 300000; exit 3"));
    left.destroy();
    expect((await c.monitor.wait("left")).code).toBe(3);
  });

  test("11 a container dies with its monitor, and that is what is reported", async () => {
    await using c = await container(sh("sleep 30"));
    await c.start();
    process.kill(c.monitorPid, "SIGKILL");
    await expect(c.monitor.exited).rejects.toMatchObject({ code: "MONITOR_LOST" });
    await gone(c.monitor.pid);
    expect(isAlive(c.monitor.pid)).toBe(false);
    expect(await connectMonitor({ folder: c.folder, socketFolder: c.folder })).toBeUndefined();
  });

  test("12 it says its version first, and answers frames that it does not know", async () => {
    await using c = await container(sh("sleep 30"));
    await c.start();
    const hello = await new Promise<Buffer>((resolve) => {
      const socket = connect(join(c.folder, "monitor.sock"));
      socket.once("data", (bytes) => {
        const unknown = Buffer.alloc(12);
        unknown.writeUInt32LE(8, 0);
        unknown.writeUInt16LE(999, 4);
        socket.once("data", (answer) => {
          socket.destroy();
          resolve(Buffer.concat([Buffer.from(bytes), Buffer.from(answer)]));
        });
        socket.write(unknown);
      });
    });
    expect(hello.readUInt32LE(12)).toBe(MONITOR_VERSION);
    expect(hello.toString("latin1")).toContain("this monitor does not know that frame");
  });

  test("R16 its socket is a file with mode 0600, however long its path is (CVE-2020-15257)", async () => {
    await using c = await container(sh("sleep 30"), { socketFolder: "x".repeat(120) });
    expect(statSync(join(c.socketFolder, "monitor.sock")).mode & 0o777).toBe(0o600);
    expect((await c.monitor.state()).status).toBe("created");
  });

  test("the daemon may come back: state, attach with what was written, wait", async () => {
    await using c = await container(sh("echo first; read x; echo second; exit 11"));
    expect((await c.monitor.state()).status).toBe("created");
    await c.start();
    await until(() => c.logText().includes("first"), "the first line");
    c.monitor.close();
    const again = await c.connect();
    expect(await again.state()).toMatchObject({ status: "running", pid: c.monitor.pid, terminal: false });
    const stream = await again.attach({ ...all, logs: true });
    stream.write("go\n");
    expect(unframe(await everything(stream)).stdout).toBe("first\nsecond\n");
    expect((await again.exited).code).toBe(11);
    again.close();
  });

  test("a container without a log can be watched, and leaves none", async () => {
    await using c = await container(sh("for i in 1 2 3; do echo $i; sleep 0.1; done"), { log: false });
    const stream = await c.monitor.attach(all);
    await c.start();
    expect(unframe(await everything(stream)).stdout).toBe("1\n2\n3\n");
    await c.monitor.exited;
    await until(() => readdirSync(c.folder).join() === "exit.json", "nothing but the exit file");
  });

  test("a program that cannot be started says why, and its end is recorded", async () => {
    await using c = await container(["/nonexistent"]);
    await expect(c.start()).rejects.toThrow('"kind":"exec"');
    expect(await c.monitor.exited).toMatchObject({ code: 127, startedAt: 0n });
    await using other = await container(sh("sleep 30"));
    await other.start();
    await expect(other.exec("bad", ["/nonexistent"])).rejects.toThrow('"kind":"exec"');
    await expect(other.exec("../../evil", sh("true"))).rejects.toMatchObject({ code: "MONITOR_REFUSED" });
    expect((await other.monitor.state()).status).toBe("running");
  });

  test("an idle monitor costs less than 0.1 MB of its own", async () => {
    await using c = await container(sh("seq 1 100000; sleep 30"));
    await c.start();
    await until(() => c.logText().includes(" 100000\n"), "the last line");
    await until(() => anonymousKb(c.monitorPid) < 80, "less than 80 KB");
  });
});

function field(pid: number, file: string, name: string): number {
  return Number(
    new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/${file}`, "utf8"))?.[1],
  );
}

/** Bytes of files without a name that a process keeps open. */
function heldBytes(pid: number): number {
  const fds = `/proc/${pid}/fd`;
  const held = readdirSync(fds).filter((fd) => readlinkSync(join(fds, fd)).endsWith(" (deleted)"));
  return held.reduce((sum, fd) => sum + statSync(join(fds, fd)).size, 0);
}

const residentKb = (pid: number): number => field(pid, "status", "VmRSS");
const anonymousKb = (pid: number): number => field(pid, "smaps_rollup", "Private_Dirty");

/** Clock ticks that a process has used. */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
  return Number(fields[13]) + Number(fields[14]);
}
