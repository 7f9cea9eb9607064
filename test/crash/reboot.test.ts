import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { globSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive, busyboxMissing } from "../clients/busybox.ts";
import { rootMissing, type TestEngine, testEngineIn } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** The same disk on a machine that has just begun to run: another boot id, no processes, interfaces, rules or cgroups, an empty /run. */
async function boot(
  folder: Disposable & { readonly path: string },
  id: string,
): Promise<{ host: Host; engine: TestEngine }> {
  const host = await ownHost({ mounts: true });
  const file = join(folder.path, "boot_id");
  writeFileSync(file, `${id}\n`);
  const mounted = await host.run("mount", ["--bind", file, "/proc/sys/kernel/random/boot_id"]);
  if (mounted.code !== 0) throw new Error(mounted.stderr);
  return { host, engine: await testEngineIn(folder, host) };
}

/** The power goes: everything that this engine runs is gone at once. */
async function powerCut(engine: TestEngine): Promise<void> {
  const ids = (await engine.inro("ps", "-q", "--no-trunc")).stdout.split("\n").filter((id) => id !== "");
  const pids = await Promise.all(
    ids.map(async (id) => Number((await engine.inro("inspect", "-f", "{{.State.Pid}}", id)).stdout)),
  );
  const monitors = pids.map((pid) =>
    Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]),
  );
  await engine.kill();
  for (const monitor of monitors) process.kill(monitor, "SIGKILL");
  const alive = (pid: number) => {
    try {
      return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  while (pids.some(alive)) await Bun.sleep(5);
  for (const id of ids)
    for (const cgroup of globSync(`/sys/fs/cgroup/{,*/}inro-*/${id}`)) await removed(cgroup);
  rmSync(engine.execRoot, { recursive: true });
}

async function removed(cgroup: string): Promise<void> {
  for (;;)
    try {
      return rmdirSync(cgroup);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
      await Bun.sleep(2);
    }
}

describe.skipIf(rootMissing || busyboxMissing)("after a reboot", () => {
  const folder = temporaryFolder("reboot");
  let [host, engine] = [] as unknown as [Host, TestEngine];
  const out = async (...words: string[]) => {
    const { code, stdout, stderr } = await engine.inro(...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.trim();
  };
  const run = (name: string, policy: string, ...rest: string[]) => {
    const at = rest.indexOf("busybox");
    const [flags, command] = at < 0 ? [rest, ["sleep", "600"]] : [rest.slice(0, at), rest.slice(at + 1)];
    return out("run", "-d", "--name", name, "--restart", policy, ...flags, "busybox", ...command);
  };
  const state = async (name: string) => JSON.parse(await out("inspect", "-f", "{{json .State}}", name));
  const until = async (name: string, status: string) => {
    while ((await state(name)).Status !== status) await Bun.sleep(20);
  };
  let before: Record<string, { StartedAt: string; FinishedAt: string }> = {};

  beforeAll(async () => {
    ({ host, engine } = await boot(folder, "11111111-1111-1111-1111-111111111111"));
    const loaded = await engine.inroWith({ input: busyboxArchive() }, "load");
    expect(loaded.code).toBe(0);
    await out("network", "create", "--subnet", "10.77.0.0/24", "lasting");
    await run("always", "always", "-p", "127.0.0.1:18080:80");
    await run("always-stopped", "always");
    await out("stop", "-t0", "always-stopped");
    await run("unless", "unless-stopped", "--network", "lasting", "--ip", "10.77.0.9", "-v", "kept:/kept");
    await out("exec", "unless", "sh", "-c", "echo volume > /kept/file; echo layer > /file");
    await run("unless-stopped", "unless-stopped");
    await out("stop", "-t0", "unless-stopped");
    await run("unless-paused", "unless-stopped", "--health-cmd", "true");
    await out("pause", "unless-paused");
    await run("sharer", "always", "--network", "container:always");
    await run("failing", "on-failure");
    await run("well", "on-failure", "busybox", "true");
    await until("well", "exited");
    await run("plain", "no");
    await run("ended", "no", "busybox", "sh", "-c", "exit 3");
    await until("ended", "exited");
    await out("create", "--name", "unborn", "--restart", "always", "busybox", "sleep", "600");
    await out("run", "-d", "--rm", "--name", "fleeting", "busybox", "sleep", "600");
    before = Object.fromEntries(
      await Promise.all(["plain", "ended", "well"].map(async (name) => [name, await state(name)] as const)),
    );
    await powerCut(engine);
    host[Symbol.dispose]();
    ({ host, engine } = await boot(folder, "22222222-2222-2222-2222-222222222222"));
  }, 60_000);

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  }, 60_000);

  test("what its policy says is running again, also what a user had stopped or paused, and what shares a network", async () => {
    for (const name of ["always", "always-stopped", "unless", "unless-paused", "sharer", "failing"])
      await until(name, "running");
    expect(await out("inspect", "-f", "{{.State.Health.Status}}", "unless-paused")).toMatch(
      /^(starting|healthy)$/,
    );
    const ids = (await out("ps", "--format", "{{.Names}}")).split("\n").sort();
    expect(ids).toEqual(["always", "always-stopped", "failing", "sharer", "unless", "unless-paused"]);
  }, 20_000);

  test("addresses, ports, volumes and files are there again", async () => {
    await until("unless", "running");
    expect(await out("inspect", "-f", "{{.NetworkSettings.Networks.lasting.IPAddress}}", "unless")).toBe(
      "10.77.0.9",
    );
    expect(await out("exec", "unless", "cat", "/kept/file", "/file")).toBe("volume\nlayer");
    expect(await out("exec", "unless", "ls", "/sys/class/net")).toContain("eth0");
    await until("always", "running");
    expect(await out("port", "always")).toBe("80/tcp -> 127.0.0.1:18080");
    expect((await host.run("ip", ["-o", "link"])).stdout).toMatch(/br-[0-9a-f]{12}/);
  }, 20_000);

  test("the others have ended: when, and with what is true", async () => {
    expect(await state("plain")).toMatchObject({
      Status: "exited",
      ExitCode: 255,
      Error: "the machine was restarted",
      StartedAt: before["plain"]?.StartedAt,
    });
    const { StartedAt, FinishedAt } = await state("plain");
    expect(Date.parse(FinishedAt)).toBeGreaterThan(Date.parse(StartedAt));
    expect(await state("ended")).toEqual(before["ended"]);
    expect(await state("well")).toEqual(before["well"]);
    expect((await state("unless-stopped")).Status).toBe("exited");
    expect((await state("unborn")).Status).toBe("created");
    expect((await engine.inro("inspect", "fleeting")).code).toBe(1);
    expect(await out("start", "plain")).toBe("plain");
  }, 20_000);
});
