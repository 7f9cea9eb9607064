import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { docker as dockerd } from "../../bench/contenders/docker.ts";
import { rootMissing } from "../support/engine.ts";
import { toolRoot } from "../support/tools.ts";
import { busyboxMissing, busyboxTar } from "./busybox.ts";
import { type Peer, peer, RUNTIME, showsTerminals } from "./peer.ts";

const missing = rootMissing || busyboxMissing || toolRoot("dockerd") === undefined;

describe.skipIf(missing)("the unmodified dockerd drives inro-runtime", () => {
  let docker: Peer;
  const run = (...words: string[]) => docker("run", "--rm", "--runtime", "inro", ...words);

  beforeAll(async () => {
    const cgroups = `inro-test-dockerd-${process.pid}`;
    const options = [
      "--add-runtime",
      `inro=${RUNTIME}`,
      "--default-runtime",
      "inro",
      "--cgroup-parent",
      `/${cgroups}`,
    ];
    docker = await peer({
      start: (folder) => dockerd(folder, options),
      takeAway: async (cli) => {
        const ids = (await cli("ps", "-aq")).stdout.split("\n").filter(Boolean);
        if (ids.length > 0) await cli("rm", "-f", ...ids);
      },
      cgroups,
    });
    await docker.withInput(busyboxTar(), "import", "-", "busybox");
  }, 60_000);

  afterAll(() => docker?.[Symbol.asyncDispose](), 60_000);

  test("run: streams, exit codes, a program that is missing or none", async () => {
    expect(await run("busybox", "sh", "-c", "echo out; echo err >&2; exit 42")).toEqual({
      code: 42,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await docker.withInput("piped", "run", "--rm", "-i", "busybox", "cat")).toMatchObject({
      stdout: "piped",
    });
    expect(await run("busybox", "nosuch")).toMatchObject({
      code: 127,
      stderr: expect.stringContaining('"nosuch": executable file not found in $PATH'),
    });
    expect(await run("busybox", "/nosuch")).toMatchObject({ code: 127 });
    expect(await run("busybox", "/etc")).toMatchObject({ code: 126 });
    expect((await docker("ps", "-aq")).stdout).toBe("");
  }, 60_000);

  test("what dockerd says with runc, it says with inro-runtime", async () => {
    const cases = [
      ["busybox", "sh", "-c", "kill -9 $$; exit 3"],
      [
        "-u",
        "3:4",
        "--group-add",
        "7",
        "--oom-score-adj",
        "100",
        "busybox",
        "sh",
        "-c",
        "id -u; id -G; cat /proc/self/oom_score_adj",
      ],
      [
        "--read-only",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
        "busybox",
        "sh",
        "-c",
        "cat /proc/self/status | head -60 | tail -20 | cut -c1-8; touch /x",
      ],
      [
        "--ulimit",
        "nofile=100:200",
        "--sysctl",
        "net.ipv4.ip_forward=1",
        "--hostname",
        "hh",
        "busybox",
        "sh",
        "-c",
        "ulimit -n; cat /proc/sys/net/ipv4/ip_forward; hostname",
      ],
      [
        "--tmpfs",
        "/z:size=1m",
        "busybox",
        "sh",
        "-c",
        "stat -c '%a %n' /z /dev/shm /dev/null /proc; ls /dev | grep -v core",
      ],
      ["--device", "/dev/null:/dev/other", "busybox", "sh", "-c", "stat -c '%F %t:%T %a' /dev/other"],
      ["--pid", "host", "--net", "host", "--ipc", "host", "--uts", "host", "busybox", "true"],
      ["-w", "/made/here", "busybox", "sh", "-c", "echo $PWD $HOME"],
      ["busybox", "/etc/passwd"],
      ["-m", "20m", "busybox", "sh", "-c", "head -c 100m /dev/zero | tail"],
    ];
    for (const words of cases) {
      const [ours, theirs] = [
        await run(...words),
        await docker("run", "--rm", "--runtime", "runc", ...words),
      ];
      expect({ words, code: ours.code, stdout: ours.stdout }).toEqual({
        words,
        code: theirs.code,
        stdout: theirs.stdout,
      });
    }
  }, 120_000);

  test("run -d, exec, top, stats, pause, update, stop, logs, restart, kill", async () => {
    const ticking = "trap 'exit 9' TERM; i=0; while :; do echo tick $((i=i+1)); sleep 0.1; done";
    const started = await docker(
      ...["run", "-d", "--name", "life", "-m", "64m", "--pids-limit", "50", "busybox", "sh", "-c", ticking],
    );
    expect(started.code).toBe(0);
    const inspect = async (what: string) => (await docker("inspect", "-f", what, "life")).stdout.trim();
    expect(await docker("exec", "life", "sh", "-c", "echo in; exit 5")).toMatchObject({
      code: 5,
      stdout: "in\n",
    });
    expect(await docker.withInput("hello", "exec", "-i", "life", "cat")).toMatchObject({ stdout: "hello" });
    const as = ["exec", "-u", "5:6", "-w", "/tmp", "-e", "A=b", "life", "sh", "-c", "id -u; pwd; echo $A"];
    expect(await docker(...as)).toMatchObject({ stdout: "5\n/tmp\nb\n" });
    expect(await docker("exec", "life", "nosuch")).toMatchObject({ code: 126 });
    expect(await docker("exec", "-d", "life", "touch", "/tmp/made")).toMatchObject({ code: 0 });
    expect((await docker("top", "life")).stdout).toContain("sleep 0.1");
    const stats = await docker("stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}}", "life");
    expect(stats.stdout).toMatch(/^[\d.]+KiB \/ 64MiB 2\n$/);
    await docker("pause", "life");
    expect(await inspect("{{.State.Status}}")).toBe("paused");
    expect((await docker("exec", "life", "true")).code).not.toBe(0);
    await docker("unpause", "life");
    expect(await inspect("{{.State.Status}}")).toBe("running");
    expect(await docker("update", "-m", "128m", "--memory-swap", "256m", "life")).toMatchObject({ code: 0 });
    const again = await docker("stats", "--no-stream", "--format", "{{.MemUsage}}", "life");
    expect(again.stdout).toContain("/ 128MiB");
    expect(await docker("update", "--cpuset-cpus", "0", "life")).toMatchObject({ code: 0 });
    await docker("stop", "life");
    expect(await inspect("{{.State.ExitCode}} {{.State.OOMKilled}}")).toBe("9 false");
    expect((await docker("logs", "--tail", "1", "life")).stdout).toMatch(/^tick \d+\n$/);
    await docker("restart", "life");
    await docker("kill", "-s", "KILL", "life");
    expect((await docker("wait", "life")).stdout).toBe("137\n");
    expect(await docker("rm", "life")).toMatchObject({ code: 0 });
  }, 120_000);

  test("a kill for want of memory is told as one", async () => {
    const words = ["--name", "hungry", "-m", "20m", "busybox", "sh", "-c", "head -c 100m /dev/zero | tail"];
    expect(await docker("run", ...words)).toMatchObject({ code: 137 });
    expect((await docker("inspect", "-f", "{{.State.OOMKilled}}", "hungry")).stdout).toBe("true\n");
    await docker("rm", "hungry");
  }, 60_000);

  test("volumes, an init, a network of its own", async () => {
    writeFileSync(join(docker.path, "file"), "of the host\n");
    const volumes = ["-v", `${docker.path}/file:/file:ro`, "-v", "made:/made"];
    const ran = await run(
      ...volumes,
      "--init",
      "busybox",
      "sh",
      "-c",
      "cat /file; touch /made/x; ls /made; ps | head -2; cat /sys/class/net/eth0/operstate",
    );
    expect(ran.stdout).toMatch(/^of the host\nx\nPID .*\n +1 .*docker-init.*\nup\n$/);
  }, 60_000);

  test("run -it and exec -it: a terminal, resized with the client's", () => showsTerminals(docker), 60_000);
});
