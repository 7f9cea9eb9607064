import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { machine } from "../support/host.ts";
import { cliEngine, engineMissing } from "./engine.ts";

/** Numbers until it is told to end, each line once. */
const counting =
  "trap 'exit 0' TERM; i=0; while :; do i=$((i+1)); echo $i; [ $((i % 500)) = 0 ] && sleep 0.02; done";

describe.skipIf(engineMissing)("logs --clear", () => {
  const cli = cliEngine();
  const { out } = cli;
  const filesOf = async (name: string) => {
    const id = (await out("inspect", "-f", "{{.Id}}", name)).trim();
    return readdirSync(join(cli.engine.dataRoot, "containers", id, "log"));
  };
  /** A client of the engine, and the numbers that it was told. */
  const reader = (...words: string[]) => {
    using host = machine();
    const [program = "", ...first] = cli.engine.command;
    const client = host.spawn(program, [...first, ...words], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    client.stdout?.on("data", (data: Buffer) => (text += data.toString()));
    const ended = new Promise((resolve) => client.once("close", resolve));
    return { numbers: () => text.trim().split("\n").map(Number), ended };
  };

  test("forgets what a running container wrote; who follows or is attached misses no line and gets none twice", async () => {
    const attached = reader("run", "--name", "counts", "busybox", "sh", "-c", counting);
    for (let tries = 0; attached.numbers().length < 10 && tries < 500; tries++) await Bun.sleep(10);
    const follower = reader("logs", "-f", "counts");
    for (let round = 0; round < 8; round++) {
      await Bun.sleep(150);
      const before = attached.numbers().at(-1) ?? 0;
      expect(await out("logs", "--clear", "counts")).toBe("");
      const [first = 0] = (await out("logs", "counts")).split("\n").map(Number);
      // The client's own copy may lag behind; what it had read by then was written before the log was cleared.
      expect(first === 0 || first > before).toBe(true);
    }
    for (let tries = 0; (await out("logs", "counts")) === "" && tries < 200; tries++) await Bun.sleep(10);
    await out("stop", "counts");
    await Promise.all([attached.ended, follower.ended]);
    for (const { numbers } of [attached, follower]) {
      const seen = numbers();
      const gap = seen.findIndex((number, at) => number !== (seen[0] ?? 0) + at);
      expect({ gap, around: gap < 0 ? [] : seen.slice(gap - 2, gap + 3) }).toEqual({ gap: -1, around: [] });
    }
    expect(attached.numbers()[0]).toBe(1);
    expect((await out("logs", "counts")).trim().split("\n").map(Number).at(-1)).toBe(
      attached.numbers().at(-1) ?? 0,
    );
    expect(follower.numbers().at(-1)).toBe(attached.numbers().at(-1));
  }, 60_000);

  test("takes the older files along, and the next ones have the space of all", async () => {
    const small = ["--log-opt", "max-size=20k", "--log-opt", "max-file=3"];
    await out("run", "-d", "--name", "turns", ...small, "busybox", "sh", "-c", "seq 1 3000; sleep 600");
    for (let tries = 0; (await out("logs", "-n", "1", "turns")) !== "3000\n" && tries < 200; tries++)
      await Bun.sleep(10);
    const files = ["container.log", "container.log.1", "container.log.2"];
    expect((await filesOf("turns")).sort()).toEqual(files);
    await out("logs", "--clear", "turns");
    expect(await filesOf("turns")).toEqual(["container.log"]);
    await out("restart", "-t", "0", "turns");
    for (let tries = 0; (await out("logs", "-n", "1", "turns")) !== "3000\n" && tries < 200; tries++)
      await Bun.sleep(10);
    expect((await filesOf("turns")).sort()).toEqual(files);
  }, 60_000);

  test("of a container that does not run, after another daemon, and of one whose log is not kept", async () => {
    await out("run", "-d", "--name", "said", "busybox", "sh", "-c", "echo once; sleep 600");
    await cli.engine.kill();
    await cli.engine.serve();
    await out("logs", "--clear", "said");
    expect(await out("logs", "said")).toBe("");
    await out("kill", "said");
    await out("restart", "-t", "0", "said");
    for (let tries = 0; (await out("logs", "said")) === "" && tries < 200; tries++) await Bun.sleep(10);
    await out("kill", "said");
    expect(await out("logs", "said")).toContain("once\n");
    await out("logs", "--clear", "said");
    expect(await filesOf("said")).toEqual([]);
    expect(await out("logs", "said")).toBe("");
    await out("create", "--name", "mute", "--log-driver", "none", "busybox", "true");
    expect((await cli.inro("logs", "--clear", "mute")).stderr).toContain("cannot clear the logs");
    expect((await cli.inro("logs", "--clear", "nobody")).stderr).toContain("No such container: nobody");
  }, 60_000);
});
