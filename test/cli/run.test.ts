import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("inro run", () => {
  const cli = cliEngine();
  const inro = (...words: string[]) => cli.inro(...words);

  test("hello tells from inside what makes it a container", async () => {
    const { code, stdout, stderr } = await inro("run", "--rm", "-m", "64m", "hello");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const said of ["Hello from inside", "namespaces", "67108864", "layers", "seccomp", "capabilities"])
      expect(stdout).toContain(said);
  });

  test("output, errors and the exit code are the program's", async () => {
    const run = await inro("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 42");
    expect(run).toEqual({ code: 42, stdout: "out\n", stderr: "err\n" });
    expect((await inro("ps", "-aq")).stdout).toBe("");
  });

  test("125, 126, 127, and one line that says what, why and what to do", async () => {
    const fails = async (...words: string[]) => {
      const { code, stdout, stderr } = await inro("run", "--rm", ...words);
      expect(stdout).toBe("");
      expect(stderr).toMatch(/^inro: [^\n]+\n$/);
      return { code, stderr };
    };
    expect(await fails("busybox", "/no/such")).toMatchObject({ code: 127 });
    expect(await fails("busybox", "no-such")).toMatchObject({ code: 127 });
    expect(await fails("busybox", "/etc")).toMatchObject({ code: 126 });
    expect(await fails("--memory", "1m", "busybox", "true")).toMatchObject({ code: 125 });
    expect(await fails("--pull", "never", "no-such-image", "true")).toMatchObject({ code: 125 });
    expect((await fails("--memroy", "1m", "busybox")).stderr).toContain("did you mean --memory?");
    for (const [line, meant] of [
      ["rnu", "inro run"],
      ["volume lst", "inro volume ls"],
      ["contaner ls", "inro container"],
      ["container pruen", "inro container prune"],
    ] as const)
      expect((await inro(...line.split(" "))).stderr).toContain(`did you mean "${meant}"?`);
    expect((await fails("-it", "busybox")).stderr).toContain("-t needs a terminal");
    expect((await inro("ps", "-aq")).stdout).toBe("");
  });

  test("a seccomp profile's 64-bit values are compared to the last bit", async () => {
    using folder = temporaryFolder("seccomp");
    const profile = join(folder.path, "profile.json");
    const args = '[{"index":1,"value":9007199254740993,"op":"SCMP_CMP_EQ"}]';
    writeFileSync(
      profile,
      `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["ftruncate"],"action":"SCMP_ACT_ERRNO","args":${args}}]}`,
    );
    const script = "for n in 2 3 4; do truncate -s 900719925474099$n /dev/shm/f 2>/dev/null; echo $?; done";
    const words = ["--security-opt", `seccomp=${profile}`, "busybox", "sh", "-c", script];
    expect(await inro("run", "--rm", ...words)).toEqual({ code: 0, stdout: "0\n1\n0\n", stderr: "" });
  });

  test("what is piped in arrives, its end too, whatever its length", async () => {
    const { stdout } = await cli.engine.inroWith(
      { input: "x".repeat(1_000_000) },
      ...["run", "--rm", "-i", "busybox", "wc", "-c"],
    );
    expect(stdout.trim()).toBe("1000000");
  });

  test("megabytes of output come through whole", async () => {
    const { stdout } = await inro("run", "--rm", "busybox", "sh", "-c", "yes 0123456789 | head -c 8388608");
    expect(stdout.length).toBe(8_388_608);
  });

  test("a reader that goes away ends the command line quietly, not with an error", async () => {
    const [program = "", ...place] = cli.engine.command;
    const line = `"$@" run --rm --name reader busybox yes | head -2`;
    const child = Bun.spawn(["sh", "-c", line, "sh", program, ...place], { stderr: "pipe" });
    expect(await new Response(child.stdout).text()).toBe("y\ny\n");
    expect(await new Response(child.stderr).text()).toBe("");
    await inro("rm", "-f", "reader");
  });

  test("environment, user, working directory, host name, entrypoint, labels", async () => {
    using folder = temporaryFolder("cli");
    writeFileSync(join(folder.path, "env"), "FROM_FILE=1\n# no\nBOTH=file\n");
    const { stdout } = await inro(
      ...[
        "run",
        "--rm",
        "-e",
        "BOTH=line",
        "--env-file",
        join(folder.path, "env"),
        "-u",
        "7:8",
        "-w",
        "/tmp",
      ],
      ...["--hostname", "box", "--entrypoint", "/bin/sh", "busybox"],
      ...["-c", "echo $FROM_FILE $BOTH; id -u; id -g; readlink /proc/self/cwd; hostname"],
    );
    expect(stdout).toBe("1 line\n7\n8\n/tmp\nbox\n");
  });

  test("-d prints the id, --cidfile keeps it, and an existing file is refused before anything is made", async () => {
    using folder = temporaryFolder("cli");
    const file = join(folder.path, "id");
    const { stdout } = await inro(
      "run",
      "-d",
      "--cidfile",
      file,
      "--name",
      "background",
      "busybox",
      "sleep",
      "60",
    );
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(readFileSync(file, "utf8")).toBe(stdout.trim());
    const again = await inro("run", "-d", "--cidfile", file, "busybox", "true");
    expect(again).toMatchObject({ code: 125 });
    expect(again.stderr).toContain("the file exists already");
    const failed = join(folder.path, "failed");
    expect((await inro("run", "-d", "--cidfile", failed, "--name", "background", "busybox")).code).toBe(125);
    expect(existsSync(failed)).toBe(false);
    await inro("rm", "-f", "background");
  });

  test("signals go to the container", async () => {
    const [program = "", ...place] = cli.engine.command;
    const script = 'trap "echo caught; exit 9" TERM; echo ready; while true; do sleep 0.05; done';
    const child = Bun.spawn([program, ...place, "run", "--rm", "busybox", "sh", "-c", script]);
    const reader = child.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("ready\n");
    child.kill("SIGTERM");
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("caught\n");
    expect(await child.exited).toBe(9);
  });

  test("-it: a real terminal with our size, resized with it, Ctrl-C for the program, its exit code", async () => {
    using shell = cli.onScreen("run", "--rm", "-it", "busybox", "sh");
    await shell.shows("/ #");
    shell.type("stty size; tty; echo at:$?\r");
    await shell.shows(/30 100\s.*at:/s);
    shell.resize(40, 120);
    await Bun.sleep(300);
    shell.type("stty size\r");
    await shell.shows("40 120");
    shell.type("sleep 60; echo interrupted:$?\r");
    await Bun.sleep(300);
    shell.type("\x03");
    shell.type("echo still:$((1+1))\r");
    await shell.shows("still:2");
    expect(shell.text).not.toContain("\r\r\n");
    shell.type("exit 5\r");
    expect(await shell.exited).toBe(5);
  }, 30_000);

  test("the detach keys leave it running; attach comes back; other keys can be chosen", async () => {
    using shell = cli.onScreen("run", "-it", "--name", "left", "busybox", "sh");
    await shell.shows("/ #");
    shell.type("\x10\x11");
    expect(await shell.exited).toBe(0);
    expect(shell.text).toContain("detached: left goes on");
    using again = cli.onScreen("attach", "--detach-keys", "ctrl-a,x", "left");
    await Bun.sleep(200);
    again.type("echo still:$((40+2))\r");
    await again.shows("still:42");
    again.type("\x01x");
    expect(await again.exited).toBe(0);
    expect((await inro("inspect", "-f", "{{.State.Status}}", "left")).stdout).toBe("running\n");
    expect((await inro("rm", "-f", "left")).code).toBe(0);
  });

  test("start -ai starts again and stays", async () => {
    await inro("create", "-i", "--name", "again", "busybox", "sh", "-c", "read line; echo got $line; exit 3");
    for (const input of ["one\n", "two\n"]) {
      const run = await cli.engine.inroWith({ input }, "start", "-ai", "again");
      expect(run).toEqual({ code: 3, stdout: `got ${input}`, stderr: "" });
    }
    await inro("rm", "again");
  });

  test("exec: output, stdin, environment, exit codes, a terminal", async () => {
    await inro("run", "-d", "--name", "host", "busybox", "sleep", "600");
    const script = "echo $X; cat; echo err >&2; exit 4";
    const run = await cli.engine.inroWith(
      { input: "in" },
      "exec",
      "-i",
      "-e",
      "X=1",
      "host",
      "sh",
      "-c",
      script,
    );
    expect(run).toEqual({ code: 4, stdout: "1\nin", stderr: "err\n" });
    expect((await inro("exec", "host", "no-such")).code).toBe(127);
    expect((await inro("exec", "nowhere", "true")).code).toBe(1);
    using shell = cli.onScreen("exec", "-it", "host", "sh");
    await shell.shows("/ #");
    shell.type("stty size; exit 6\r");
    await shell.shows("30 100");
    expect(await shell.exited).toBe(6);
    await inro("rm", "-f", "host");
  });
});
