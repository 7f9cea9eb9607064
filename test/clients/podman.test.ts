import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { podman as podmanWith } from "../../bench/contenders/podman.ts";
import { rootMissing } from "../support/engine.ts";
import { toolRoot } from "../support/tools.ts";
import { busyboxMissing, busyboxTar } from "./busybox.ts";
import { type Peer, peer, RUNTIME, showsTerminals } from "./peer.ts";

const missing = rootMissing || busyboxMissing || toolRoot("podman") === undefined;

describe.skipIf(missing)("the unmodified podman drives inro-runtime", () => {
  let podman: Peer;
  const run = (...words: string[]) => podman("run", "--rm", ...words);

  beforeAll(async () => {
    const runtime = { name: "inro", program: RUNTIME, oneCgroupVersion: false };
    podman = await peer({
      start: (folder) => podmanWith(folder, runtime),
      takeAway: (cli) => cli("rm", "-f", "-a", "-t", "0"),
      cgroups: "libpod_parent",
    });
    const archive = join(podman.path, "busybox.tar");
    writeFileSync(archive, busyboxTar());
    await podman("import", archive, "busybox");
  }, 60_000);

  afterAll(() => podman?.[Symbol.asyncDispose](), 60_000);

  test("run: streams, exit codes, a program that is missing or none", async () => {
    expect(await run("busybox", "sh", "-c", "echo out; echo err >&2; exit 42")).toEqual({
      code: 42,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await podman.withInput("piped", "run", "--rm", "-i", "busybox", "cat")).toMatchObject({
      stdout: "piped",
    });
    expect(await run("busybox", "nosuch")).toMatchObject({ code: 127 });
    expect(await run("busybox", "/etc")).toMatchObject({ code: 126 });
    expect((await podman("ps", "-aq")).stdout).toBe("");
    expect((await podman("info", "--format", "{{.Host.OCIRuntime.Path}}")).stdout.trim()).toBe(RUNTIME);
  }, 60_000);

  test("run -d, exec, top, stats, pause, update, stop, logs, start, kill", async () => {
    const ticking = "trap 'exit 9' TERM; i=0; while :; do echo tick $((i=i+1)); sleep 0.1; done";
    const started = await podman(
      ...["run", "-d", "--name", "life", "-m", "64m", "--pids-limit", "50", "busybox", "sh", "-c", ticking],
    );
    expect(started.code).toBe(0);
    const inspect = async (what: string) => (await podman("inspect", "-f", what, "life")).stdout.trim();
    expect(await podman("exec", "life", "sh", "-c", "echo in; exit 5")).toMatchObject({
      code: 5,
      stdout: "in\n",
    });
    expect(await podman.withInput("hello", "exec", "-i", "life", "cat")).toMatchObject({ stdout: "hello" });
    const as = ["exec", "-u", "5:6", "-w", "/tmp", "-e", "A=b", "life", "sh", "-c", "id -u; pwd; echo $A"];
    expect(await podman(...as)).toMatchObject({ stdout: "5\n/tmp\nb\n" });
    expect(await podman("exec", "life", "nosuch")).toMatchObject({ code: 127 });
    expect(await podman("exec", "life", "/etc")).toMatchObject({ code: 126 });
    expect(await podman("exec", "-d", "life", "touch", "/tmp/made")).toMatchObject({ code: 0 });
    expect((await podman("top", "life")).stdout).toContain("sleep 0.1");
    const stats = await podman("stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}}", "life");
    expect(stats.stdout).toMatch(/^[\d.]+kB \/ 67\.11MB [12]\n$/);
    await podman("pause", "life");
    expect(await inspect("{{.State.Status}}")).toBe("paused");
    await podman("unpause", "life");
    expect(await podman("update", "-m", "128m", "life")).toMatchObject({ code: 0 });
    const limit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max";
    expect((await podman("exec", "life", "sh", "-c", limit)).stdout).toBe(`${128 << 20}\n`);
    await podman("stop", "life");
    expect(await inspect("{{.State.ExitCode}}")).toBe("9");
    expect((await podman("logs", "--tail", "1", "life")).stdout).toMatch(/^tick \d+\n$/);
    await podman("start", "life");
    await podman("kill", "-s", "KILL", "life");
    expect((await podman("wait", "life")).stdout).toBe("137\n");
    expect(await podman("rm", "life")).toMatchObject({ code: 0 });
  }, 120_000);

  test("limits, namespaces, volumes and descriptors of the caller's", async () => {
    const hungry = ["-m", "20m", "busybox", "sh", "-c", "head -c 100m /dev/zero | tail"];
    expect(await run(...hungry)).toMatchObject({ code: 137 });
    expect(
      await run("--pid", "host", "--net", "host", "--ipc", "host", "--uts", "host", "busybox", "true"),
    ).toMatchObject({ code: 0 });
    writeFileSync(join(podman.path, "file"), "of the host\n");
    const volumes = ["-v", `${podman.path}/file:/file:ro`, "-v", "made:/made", "--tmpfs", "/t:size=1m"];
    expect(
      await run(...volumes, "busybox", "sh", "-c", "cat /file; touch /made/x /t/y; ls /made /t"),
    ).toMatchObject({
      stdout: "of the host\n/made:\nx\n\n/t:\ny\n",
    });
    expect(await run("--read-only", "--cap-drop", "ALL", "busybox", "touch", "/x")).toMatchObject({
      code: 1,
    });
  }, 60_000);

  test("OCI hooks that the host has for all containers", async () => {
    const hooks = join(podman.path, "hooks");
    const told = join(podman.path, "told");
    mkdirSync(hooks);
    const script = `sed 's/.*"status":"\\([a-z]*\\)".*/\\1/' >> ${told}; echo >> ${told}`;
    const hook = {
      version: "1.0.0",
      hook: { path: "/bin/sh", args: ["sh", "-c", script] },
      when: { always: true },
      stages: ["createRuntime", "poststart", "poststop"],
    };
    writeFileSync(join(hooks, "told.json"), JSON.stringify(hook));
    const ran = await podman("--hooks-dir", hooks, "run", "--rm", "busybox", "echo", "said");
    expect(ran).toMatchObject({ code: 0, stdout: "said\n" });
    expect(readFileSync(told, "utf8").split("\n").filter(Boolean)).toEqual([
      "creating",
      "running",
      "stopped",
    ]);
  }, 60_000);

  test("run -it and exec -it: a terminal, resized with the client's", () => showsTerminals(podman), 60_000);
});
