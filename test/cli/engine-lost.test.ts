import { describe, expect, test } from "bun:test";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("the engine is killed while inro run stays with a container", () => {
  const cli = cliEngine();

  test("no line is lost or shown twice, and the exit code is the program's", async () => {
    const script = "i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo $i; echo e$i >&2; sleep 0.05; done; exit 9";
    const [program = "", ...place] = cli.engine.command;
    const child = Bun.spawn([program, ...place, "run", "--name", "counter", "busybox", "sh", "-c", script], {
      stderr: "pipe",
    });
    const [stdout, stderr] = [new Response(child.stdout).text(), new Response(child.stderr).text()];
    await Bun.sleep(700);
    await cli.engine.kill();
    await cli.engine.serve();
    const numbers = Array.from({ length: 60 }, (_, i) => i + 1);
    expect(await stdout).toBe(numbers.map((n) => `${n}\n`).join(""));
    const told = await stderr;
    expect(told).toContain("the engine went away; counter goes on");
    expect(told.replace(/^inro: .*\n/m, "")).toBe(numbers.map((n) => `e${n}\n`).join(""));
    expect(await child.exited).toBe(9);
    await cli.inro("rm", "counter");
  }, 20_000);

  test("a session with a terminal says how to come back", async () => {
    using shell = cli.onScreen("run", "-it", "--name", "shell", "busybox", "sh");
    await shell.shows("/ #");
    await cli.engine.kill();
    expect(await shell.exited).toBe(125);
    expect(shell.text).toContain("inro attach shell");
    await cli.engine.serve();
    using again = cli.onScreen("attach", "shell");
    await Bun.sleep(300);
    again.type("echo back:$((1+1)); exit 4\r");
    await again.shows("back:2");
    expect(await again.exited).toBe(4);
    await cli.inro("rm", "shell");
  }, 20_000);
});
