import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootMissing } from "../support/engine.ts";
import type { Finished } from "../support/host.ts";
import { toolRoot } from "../support/tools.ts";
import { busyboxArchive, busyboxMissing } from "./busybox.ts";
import { containerd } from "./containerd.ts";
import { type Peer, peer, RUNTIME } from "./peer.ts";

const missing = rootMissing || busyboxMissing || toolRoot("dockerd") === undefined;
const IMAGE = "docker.io/library/busybox:latest";

async function takeAway(cli: (...words: string[]) => Promise<Finished>): Promise<void> {
  for (const id of (await cli("container", "ls", "-q")).stdout.split("\n").filter(Boolean)) {
    await cli("task", "rm", "-f", id);
    await cli("container", "rm", id);
  }
}

describe.skipIf(missing)("the unmodified containerd drives inro-runtime", () => {
  let ctr: Peer;
  const runtime = ["--runtime", "io.containerd.runc.v2", "--runc-binary", RUNTIME];
  const run = (...words: string[]) => ctr("run", "--rm", ...runtime, ...words);

  beforeAll(async () => {
    ctr = await peer({ start: containerd, takeAway, cgroups: "default" });
    const archive = join(ctr.path, "busybox.tar");
    writeFileSync(archive, busyboxArchive());
    await ctr("image", "import", archive);
  }, 60_000);

  afterAll(() => ctr?.[Symbol.asyncDispose](), 60_000);

  test("run: streams, exit codes, what cannot be started", async () => {
    const ran = await run(IMAGE, "one", "sh", "-c", "echo out; echo err >&2; exit 42");
    expect(ran).toEqual({ code: 42, stdout: "out\n", stderr: "err\n" });
    expect(await run(IMAGE, "two", "nosuch")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"nosuch": executable file not found in $PATH'),
    });
    expect(
      await run("--read-only", "--net-host", "--env", "A=b", IMAGE, "four", "sh", "-c", "echo $A; touch /x"),
    ).toMatchObject({ code: 1, stdout: "b\n" });
    expect((await ctr("container", "ls", "-q")).stdout).toBe("");
  }, 60_000);

  test("a task's life: exec, ps, metrics, pause, kill", async () => {
    const waiting = "trap 'exit 9' TERM; while :; do sleep 0.1; done";
    const words = [
      "run",
      "-d",
      "--memory-limit",
      String(64 << 20),
      ...runtime,
      IMAGE,
      "life",
      "sh",
      "-c",
      waiting,
    ];
    expect(await ctr(...words)).toMatchObject({ code: 0 });
    const status = async () => /^life +\d+ +(\w+)/m.exec((await ctr("task", "ls")).stdout)?.[1];
    const exec = (id: string, ...more: string[]) => ctr("task", "exec", "--exec-id", id, "life", ...more);
    expect(await exec("e1", "sh", "-c", "echo in; exit 5")).toMatchObject({ code: 5, stdout: "in\n" });
    expect(await exec("e2", "nosuch")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("executable file not found in $PATH"),
    });
    expect((await ctr("task", "ps", "life")).stdout.split("\n").length).toBeGreaterThan(3);
    const { stdout } = await ctr("task", "metrics", "--format", "json", "life");
    expect(JSON.stringify(JSON.parse(stdout))).toContain(`${64 << 20}`);
    await ctr("task", "pause", "life");
    expect(await status()).toBe("PAUSED");
    await ctr("task", "resume", "life");
    expect(await status()).toBe("RUNNING");
    await ctr("task", "kill", "-s", "TERM", "life");
    for (let tries = 0; (await status()) !== "STOPPED" && tries < 50; tries++) await Bun.sleep(100);
    expect(await ctr("task", "rm", "life")).toMatchObject({ stderr: expect.stringContaining("exit code 9") });
    expect(await ctr("container", "rm", "life")).toMatchObject({ code: 0 });
  }, 60_000);

  test("run -t: a terminal of the client's size", async () => {
    using shell = ctr.onScreen("run", "--rm", "-t", ...runtime, IMAGE, "screen", "sh");
    await shell.shows("/ #");
    shell.type("stty size\r");
    await shell.shows("30 100");
    using other = ctr.onScreen("task", "exec", "-t", "--exec-id", "e3", "screen", "sh");
    await other.shows("/ #");
    other.type("stty size; exit 4\r");
    await other.shows("30 100");
    expect(await other.exited).toBe(4);
    shell.type("exit 7\r");
    expect(await shell.exited).toBe(7);
  }, 60_000);
});
