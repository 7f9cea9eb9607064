import { describe, expect, test } from "bun:test";
import { machine } from "../support/host.ts";
import { dockerEngine, engineMissing } from "./docker.ts";
import { screen } from "./screen.ts";

describe.skipIf(engineMissing)("the unmodified docker CLI runs containers", () => {
  const it = dockerEngine(machine);
  const { docker } = it;
  const onScreen = (...words: string[]) => screen(["docker", "-H", `unix://${it.engine.socket}`, ...words]);

  test("run --rm: output, errors and the exit code are the program's", async () => {
    const run = await docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 42");
    expect(run).toEqual({ code: 42, stdout: "out\n", stderr: "err\n" });
    expect((await docker("ps", "-aq")).stdout).toBe("");
  });

  test("exit codes 125, 126 and 127", async () => {
    const code = async (...words: string[]) => (await docker("run", "--rm", ...words)).code;
    expect(await code("busybox", "/no/such/program")).toBe(127);
    expect(await code("busybox", "/etc")).toBe(126);
    expect(await code("--memory", "1m", "busybox", "true")).toBe(125);
    // Pid 1 cannot kill itself; its child can be killed, and sh tells of it as of any signal.
    expect(await code("busybox", "sh", "-c", "sh -c 'kill -KILL $$'; exit $?")).toBe(137);
  });

  test("run -i: what is piped in arrives, its end too", async () => {
    const input = "x".repeat(300_000);
    const run = await it.engine.dockerWith({ input }, "run", "--rm", "-i", "busybox", "wc", "-c");
    expect(run.stdout.trim()).toBe("300000");
    expect(run.code).toBe(0);
  });

  test("output comes through whole, however often its log is rotated meanwhile", async () => {
    const small = ["--log-opt", "max-size=64k", "--log-opt", "max-file=2"];
    const run = await docker("run", "--rm", ...small, "busybox", "sh", "-c", "yes | head -c 4000000");
    expect(run.stderr).toBe("");
    expect(run.stdout).toBe("y\n".repeat(2_000_000));
  });

  test("with max-size=-1 nothing of it is thrown away", async () => {
    const all = ["--name", "whole", "--log-opt", "max-size=-1"];
    await docker("run", ...all, "busybox", "sh", "-c", "yes | head -c 8000000");
    const { stdout } = await docker("logs", "whole");
    // One line of the log takes about 40 bytes: some 160 MB, and 30 MB would be kept.
    expect(stdout.length).toBe(8_000_000);
    await docker("rm", "whole");
  }, 60_000);

  test("run -it: a terminal with the client's size, resized with it, ended by Ctrl-C", async () => {
    using shell = onScreen("run", "--rm", "-it", "busybox", "sh");
    await shell.shows("/ #");
    shell.type("stty size; echo at:$?\r");
    await shell.shows(/30 100.*at:0/s);
    shell.resize(40, 120);
    await Bun.sleep(300);
    shell.type("stty size\r");
    await shell.shows("40 120");
    shell.type("sleep 60; echo interrupted:$?\r");
    await Bun.sleep(300);
    shell.type("\x03");
    shell.type("echo still:$((1+1))\r");
    await shell.shows("still:2");
    shell.type("exit 7\r");
    expect(await shell.exited).toBe(7);
  }, 30_000);

  test("run -it: the detach keys leave it running, attach comes back", async () => {
    using shell = onScreen("run", "-it", "--name", "kept", "busybox", "sh");
    await shell.shows("/ #");
    shell.type("\x10\x11");
    expect(await shell.exited).toBe(0);
    expect((await docker("inspect", "-f", "{{.State.Status}}", "kept")).stdout).toBe("running\n");
    using again = onScreen("attach", "kept");
    await Bun.sleep(300);
    again.type("echo back:$((2+3)); exit 3\r");
    await again.shows("back:5");
    expect(await again.exited).toBe(3);
    await docker("rm", "kept");
  }, 30_000);

  test("-d, stop, start -a, restart, wait, kill, rm", async () => {
    const run = await docker(
      "run",
      "-d",
      "--name",
      "life",
      "busybox",
      "sh",
      "-c",
      "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done",
    );
    expect(run.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    // Who has set no trap yet does not hear the signal: it is process 1.
    while ((await docker("logs", "life")).stdout === "") await Bun.sleep(20);
    expect((await docker("stop", "life")).stdout).toBe("life\n");
    expect((await docker("inspect", "-f", "{{.State.ExitCode}}", "life")).stdout).toBe("9\n");
    expect((await docker("restart", "life")).code).toBe(0);
    while ((await docker("logs", "life")).stdout === "ready\n") await Bun.sleep(20);
    const waiting = docker("wait", "life");
    await Bun.sleep(200);
    expect((await docker("kill", "-s", "TERM", "life")).code).toBe(0);
    expect((await waiting).stdout).toBe("9\n");
    expect((await docker("rm", "life")).code).toBe(0);
    expect((await docker("rm", "life")).stderr).toContain("No such container");
  }, 30_000);

  test("exec: output, stdin, environment and exit codes", async () => {
    await docker("run", "-d", "--name", "host1", "busybox", "sleep", "600");
    const plain = await docker(
      "exec",
      "-e",
      "A=b",
      "-w",
      "/tmp",
      "host1",
      "sh",
      "-c",
      "echo $A $PWD; exit 5",
    );
    expect([plain.stdout, plain.code]).toEqual(["b /tmp\n", 5]);
    const piped = await it.engine.dockerWith({ input: "hello" }, "exec", "-i", "host1", "cat");
    expect(piped.stdout).toBe("hello");
    const missing = await docker("exec", "host1", "/no/such");
    expect(missing.code).toBe(127);
    expect(`${missing.stdout}${missing.stderr}`).toContain("/no/such");
    expect((await docker("exec", "-d", "host1", "touch", "/tmp/made")).code).toBe(0);
    await Bun.sleep(300);
    expect((await docker("exec", "host1", "ls", "/tmp")).stdout).toBe("made\n");
  }, 30_000);

  test("exec -it: a terminal of its own", async () => {
    using shell = onScreen("exec", "-it", "host1", "sh");
    await shell.shows("#");
    shell.type("stty size; exit 4\r");
    await shell.shows("30 100");
    expect(await shell.exited).toBe(4);
    expect((await docker("rm", "-f", "host1")).stdout).toBe("host1\n");
  }, 30_000);

  test("pause holds it, unpause lets it go on", async () => {
    await docker(
      "run",
      "-d",
      "--name",
      "held",
      "busybox",
      "sh",
      "-c",
      "while :; do echo tick; sleep 0.05; done",
    );
    expect((await docker("pause", "held")).code).toBe(0);
    expect((await docker("ps", "--format", "{{.Status}}")).stdout).toContain("(Paused)");
    const before = (await docker("logs", "held")).stdout.length;
    await Bun.sleep(300);
    expect((await docker("logs", "held")).stdout.length).toBe(before);
    expect((await docker("unpause", "held")).code).toBe(0);
    await Bun.sleep(300);
    expect((await docker("logs", "held")).stdout.length).toBeGreaterThan(before);
    await docker("rm", "-f", "held");
  }, 30_000);
});
