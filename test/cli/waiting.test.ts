import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { screen } from "../clients/screen.ts";
import { ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("a terminal that waits, or is narrow", () => {
  const cli = cliEngine(ownHost);
  const { out } = cli;
  const shell = (line: string) =>
    screen(["sh", "-c", line.replaceAll("inro ", `'${cli.engine.command.join("' '")}' `)]);

  afterEach(async () => {
    const ids = (await out("ps", "-aq")).split("\n").filter(Boolean);
    if (ids.length > 0) await out("rm", "-f", "-v", ...ids);
  });

  test("what takes longer than a second says what it is and for how long, and is gone with the answer", async () => {
    await out("run", "-d", "--name", "slow", "busybox", "sh", "-c", "trap '' TERM; sleep 600 & wait; wait");
    using terminal = shell("inro stop -t 3 slow");
    await terminal.shows(/\rstop slow … {2}[12] s\x1b\[K/);
    expect(await terminal.exited).toBe(0);
    expect(terminal.text).toEndWith("\r\x1b[Kslow\r\n");
    // Nobody watches.
    await out("start", "slow");
    expect(await cli.inro("stop", "-t", "2", "slow")).toEqual({ code: 0, stdout: "slow\n", stderr: "" });
  }, 30_000);

  test("of what is copied it counts the bytes, and one that is left off by Ctrl-C leaves no file", async () => {
    using folder = temporaryFolder("waiting");
    await out("run", "-d", "--init", "--name", "big", "busybox", "sleep", "600");
    await cli.inro("exec", "big", "sh", "-c", "dd if=/dev/zero of=/zeros bs=1 count=1 seek=3000000000");
    const file = join(folder.path, "big.tar");
    using terminal = shell(`inro export -o ${file} big`);
    await terminal.shows(/\rexport big … {2}\d+ s {2}[\d.]+[MG]B\x1b\[K/);
    terminal.type("\x03");
    expect(await terminal.exited).toBe(130);
    expect(readdirSync(folder.path)).toEqual([]);
  }, 60_000);

  test("ps makes way for names on a narrow terminal, and for nobody else", async () => {
    await out(
      "run",
      "-d",
      "--init",
      "-p",
      "8000:80",
      "--name",
      "a-rather-long-name",
      "busybox",
      "sleep",
      "600",
    );
    const widths = async (line: string, columns: number) => {
      using terminal = shell(`stty cols ${columns}; ${line}`);
      expect(await terminal.exited).toBe(0);
      const lines = Bun.stripANSI(terminal.text).trimEnd().split("\r\n");
      expect(lines[1]).toEndWith("a-rather-long-name");
      return lines.map((each) => Bun.stringWidth(each));
    };
    expect(Math.max(...(await widths("inro ps", 90)))).toBeLessThanOrEqual(90);
    expect(Math.max(...(await widths("inro ps", 110)))).toBe(110);
    expect(Math.max(...(await widths("inro ps --no-trunc", 90)))).toBeGreaterThan(150);
    expect(Math.max(...(await widths("inro ps | cat", 90)))).toBeGreaterThan(110);
    expect((await out("ps")).split("\n")[1]).toContain("0.0.0.0:8000->80/tcp, [::]:8000->80/tcp   a-rather");
  }, 30_000);

  test("a dry run of a prune has names where somebody reads it, and says where there is nothing", async () => {
    await out("create", "--name", "resting", "busybox", "true");
    const id = (await out("ps", "-aq", "--no-trunc")).trim();
    using terminal = shell("inro container prune --dry-run; inro network prune --dry-run");
    expect(await terminal.exited).toBe(0);
    expect(terminal.text.replaceAll("\r", "")).toBe(
      `Would delete Containers:\n${id}  resting\n\nWould reclaim: 0B\nNothing to remove.\n`,
    );
    expect(await out("container", "prune", "--dry-run")).toBe(
      `Would delete Containers:\n${id}\n\nWould reclaim: 0B\n`,
    );
  }, 30_000);

  test("who presses Ctrl-C at a program that does not heed it is told, and let go by the third", async () => {
    using terminal = shell("inro run --name deaf busybox sh -c 'echo up; exec sleep 600'");
    await terminal.shows("up\r\n");
    terminal.type("\x03");
    await terminal.shows("^C");
    expect(terminal.text).not.toContain("deaf");
    await Bun.sleep(50);
    terminal.type("\x03");
    await terminal.shows("deaf has not ended by Ctrl-C: once more leaves it running");
    terminal.type("\x03");
    await terminal.shows("left: deaf goes on (inro stop deaf)");
    expect(await terminal.exited).toBe(130);
    expect(await out("ps", "--format", "{{.Names}} {{.State}}")).toBe("deaf running\n");
    // One that heeds it ends by the first, with its own code.
    using other = shell("inro run --init --name heeds busybox sh -c 'echo up; exec sleep 600'");
    await other.shows("up\r\n");
    other.type("\x03");
    expect(await other.exited).toBe(130);
    expect(other.text).not.toContain("heeds");
  }, 30_000);

  test("messages name options, containers by their names, and what can be asked instead", async () => {
    await out("create", "--name", "user", "busybox", "true");
    const says = async (...words: string[]) => (await cli.inro(...words)).stderr;
    expect(await says("run", "--restart", "sometimes", "busybox")).toBe(
      'inro: cannot use --restart: "sometimes" is none of no, always, unless-stopped, on-failure\n',
    );
    expect(await says("rmi", "busybox")).toContain('it is used by "user" (');
    expect(await says("load", "-i", "/no/such")).toStartWith(
      'inro: load: cannot read "/no/such": no such file or directory (',
    );
    expect(await says("run", "--env-file", "/", "busybox")).toContain('"/" of --env-file: it is a folder (');
    expect(await says("container", "nosuch")).toBe(
      'inro: there is no "inro container nosuch" (inro --help)\n',
    );
    expect(await says("container", "strat")).toContain('did you mean "inro container start"?');
    expect(await says("volume", "rm", "nosuch")).toContain("(list them with: inro volume ls)");
    expect(await says("network", "rm", "nosuch")).toContain("(list them with: inro network ls)");
  }, 30_000);
});
