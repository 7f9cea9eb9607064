import { afterAll, describe, expect, test } from "bun:test";
import { screen } from "../../clients/screen.ts";
import { canRun } from "../container.ts";
import { commandLine } from "./bundle.ts";

const inro = commandLine("terminal");
afterAll(() => inro[Symbol.asyncDispose]());

/** The command line in a shell's terminal, whose settings are asked for afterwards. */
const inShell = (...words: string[]) =>
  screen(["sh", "-c", '"$@"; echo "code:$?"; stty -a | tr "\\n" " "; echo', "sh", ...inro.words, ...words]);

describe.skipIf(!canRun)("a terminal without a console socket", () => {
  test("run shows the program's terminal: raw, resized with the caller's, restored at the end", async () => {
    const { id, path } = inro.bundle({ args: ["sh"], terminal: true, env: ["PATH=/bin", "PS1=in# "] });
    using shell = inShell("run", "-b", path, id);
    await shell.shows("in# ");
    shell.type("tty; stty size\r");
    await shell.shows(/\/dev\/pts\/0\r\n30 100\r\n/);
    shell.resize(40, 120);
    await Bun.sleep(300);
    shell.type("stty size\r");
    await shell.shows("40 120");
    // The program's own terminal makes a signal of it.
    shell.type("sleep 60; echo ended:$?\r");
    await Bun.sleep(300);
    shell.type("\x03");
    shell.type("echo still:$((1+1))\r");
    await shell.shows("still:2");
    shell.type("head -c 300000 /dev/zero | tr '\\0' x; echo; exit 7\r");
    await shell.shows("code:7");
    await shell.shows(/ icanon/);
    expect(shell.text).toMatch(/x{300000}/);
    expect(shell.text).toMatch(/ echo /);
    expect(await shell.exited).toBe(0);
  }, 30_000);

  test("exec --tty does the same", async () => {
    const { id } = await inro.running("sleep 100", { env: ["PATH=/bin", "PS1=in# "] });
    using shell = inShell("exec", "-t", id, "sh");
    await shell.shows("in# ");
    shell.type("stty size; exit 4\r");
    await shell.shows("30 100");
    await shell.shows("code:4");
    await shell.shows(/ icanon/);
  }, 30_000);

  test("a signal to the command reaches the program", async () => {
    const { id } = await inro.running("sleep 100");
    const child = Bun.spawn(
      [
        ...inro.words,
        "exec",
        id,
        "sh",
        "-c",
        "trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.05; done",
      ],
      { stdout: "pipe", stderr: "inherit", timeout: 20_000 },
    );
    const reader = child.stdout.getReader();
    const decoder = new TextDecoder();
    expect(decoder.decode((await reader.read()).value)).toBe("ready\n");
    child.kill("SIGTERM");
    expect(decoder.decode((await reader.read()).value)).toBe("got\n");
    expect(await child.exited).toBe(3);
  }, 30_000);
});
