import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

const executable = join(import.meta.dir, "../../build/inro");

/** An engine that only the command line starts; it is ended with the scope. */
function place() {
  const folder = temporaryFolder("cli");
  const [data, run] = [join(folder.path, "data"), join(folder.path, "run")];
  const host = machine();
  return {
    run,
    socket: join(run, "inro.sock"),
    inro: (...words: string[]) => host.run(executable, ["--data-root", data, "--exec-root", run, ...words]),
    raw: (...words: string[]) => host.run(executable, words),
    pid: () => Number(readFileSync(join(run, "inro.pid"), "utf8")),
    async [Symbol.asyncDispose]() {
      if (existsSync(join(run, "inro.pid"))) {
        const pid = this.pid();
        process.kill(pid);
        while (existsSync(`/proc/${pid}`)) await Bun.sleep(5);
      }
      folder[Symbol.dispose]();
    },
  };
}

/** How many processes serve from this exec root. */
function daemonsOf(execRoot: string): number {
  const lines = readdirSync("/proc").flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, "utf8")] : [];
    } catch {
      return [];
    }
  });
  return lines.filter((line) => line.includes("\0serve\0") && line.includes(execRoot)).length;
}

describe.skipIf(rootMissing)("the engine is started when it is needed", () => {
  test("by the first command, in a session of its own, with a log; the next one finds it", async () => {
    await using it = place();
    expect(await it.inro("version", "--format", "{{.Server.Version}}")).toMatchObject({
      code: 0,
      stderr: "",
    });
    const pid = it.pid();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    expect(Number(stat[3])).toBe(pid);
    expect(statSync(join(it.run, "inro.log")).mode & 0o777).toBe(0o600);
    await it.inro("ps");
    expect(it.pid()).toBe(pid);
  });

  test("several commands at once start one", async () => {
    await using it = place();
    const all = await Promise.all(Array.from({ length: 6 }, () => it.inro("ps", "-q")));
    expect(all.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(6).fill({ code: 0, stderr: "" }));
    // The loser of the race ends by itself as soon as it finds the root taken.
    for (let tries = 0; daemonsOf(it.run) > 1 && tries < 100; tries++) await Bun.sleep(50);
    expect(daemonsOf(it.run)).toBe(1);
  });

  test("an engine that cannot start says why, and where its log is", async () => {
    await using it = place();
    const { code, stderr } = await it.raw("--data-root", "/dev/null/x", "--exec-root", it.run, "ps");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^inro: cannot start the engine: [^\n]+ \(its log is [^\n]+inro\.log\)\n$/);
  });

  test("someone else's socket is not ours to start", async () => {
    await using it = place();
    const { code, stderr } = await it.raw("-H", `unix://${it.socket}`, "ps");
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toContain("nobody listens on");
    expect((await it.raw("-H", "tcp://1.2.3.4:2375", "ps")).stderr).toContain(
      "only unix sockets are supported",
    );
  });

  test("help and what cannot be understood start nothing", async () => {
    await using it = place();
    for (const words of [
      ["--help"],
      ["run", "--help"],
      ["help", "ps"],
      ["--version"],
      ["container"],
      ["psx"],
      ["ps", "--x"],
    ])
      await it.inro(...words);
    expect(existsSync(it.run)).toBe(false);
  });

  test("without root the refusal names it", async () => {
    await using it = place();
    const line = ["--reuid=65534", "--regid=65534", "--clear-groups", executable];
    const { code, stderr } = await machine().run("setpriv", [...line, "--exec-root", it.run, "ps"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^inro: cannot [^\n]+\(run it as root: sudo inro …\)\n$/);
  });
});
