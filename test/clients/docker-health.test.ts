import { describe, expect, test } from "bun:test";
import { machine } from "../support/host.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

interface Told {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly { Start: string; End: string; ExitCode: number; Output: string }[];
}

describe.skipIf(engineMissing)("health checks, seen by the unmodified docker CLI", () => {
  const it = dockerEngine(machine);

  const docker = async (...words: string[]) => {
    const { code, stdout, stderr } = await it.engine.docker(...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.trim();
  };
  const run = (name: string, flags: readonly string[], ...command: string[]) =>
    docker(
      "run",
      "-d",
      "--network=none",
      "--name",
      name,
      ...flags,
      "busybox",
      ...(command.length > 0 ? command : ["sleep", "600"]),
    );
  const health = async (name: string): Promise<Told> =>
    JSON.parse(await docker("inspect", "-f", "{{json .State.Health}}", name));
  const until = async (name: string, holds: (told: Told) => boolean): Promise<Told> => {
    for (;;) {
      const told = await health(name);
      if (holds(told)) return told;
      await Bun.sleep(50);
    }
  };
  const status = (name: string) =>
    docker("ps", "-a", "--filter", `name=^${name}$`, "--format", "{{.Status}}");
  const named = (filter: string) => docker("ps", "-a", "--filter", filter, "--format", "{{.Names}}");
  const events = (name: string) =>
    docker(
      "events",
      "--since",
      "0",
      "--until",
      String(Date.now() / 1000),
      "--filter",
      `container=${name}`,
      "--format",
      "{{.Action}}",
    );

  test("starting, healthy, unhealthy and healthy again, in inspect, ps, filters and events", async () => {
    await run("fresh", ["--health-cmd", "true", "--health-interval=1h"]);
    expect(await health("fresh")).toMatchObject({ Status: "starting", FailingStreak: 0, Log: [] });
    expect(await status("fresh")).toMatch(/^Up .* \(health: starting\)$/);
    expect(await named("health=starting")).toBe("fresh");
    await docker("rm", "-f", "fresh");
    await run("swing", [
      "--health-cmd",
      "test -e /well && echo fine || { echo ill >&2; exit 3; }",
      "--health-interval=200ms",
      "--health-retries=2",
    ]);
    const ill = await until("swing", ({ Status }) => Status === "unhealthy");
    expect(ill.Log[0]).toMatchObject({ ExitCode: 3, Output: "ill\n" });
    expect(Date.parse(ill.Log[0]?.End ?? "")).toBeGreaterThanOrEqual(Date.parse(ill.Log[0]?.Start ?? ""));
    expect(await status("swing")).toMatch(/^Up .* \(unhealthy\)$/);
    await docker("exec", "swing", "touch", "/well");
    const well = await until("swing", ({ Status, Log }) => Status === "healthy" && Log.length === 5);
    expect(well).toMatchObject({ FailingStreak: 0 });
    expect(well.Log.at(-1)).toMatchObject({ ExitCode: 0, Output: "fine\n" });
    expect(await status("swing")).toMatch(/^Up .* \(healthy\)$/);
    expect([await named("health=healthy"), await named("health=unhealthy")]).toEqual(["swing", ""]);
    const told = (await events("swing")).split("\n");
    expect(told.filter((line) => line.startsWith("health_status"))).toEqual([
      "health_status: unhealthy",
      "health_status: healthy",
    ]);
    // Its probes are told to who listens, and not kept: they would leave no room for anything else.
    expect(told.filter((line) => /^exec_(create|start)/.test(line))).toEqual([
      "exec_create: touch /well",
      "exec_start: touch /well",
    ]);
    const later = String(Date.now() / 1000 + 1.5);
    const heard = (
      await docker("events", "--until", later, "--filter", "container=swing", "--format", "{{.Action}}")
    ).split("\n");
    for (const look of ["exec_create: /bin/sh -c test -e /well", "exec_start: /bin/sh -c", "exec_die"])
      expect(heard.filter((line) => line.startsWith(look)).length).toBeGreaterThan(1);
    await docker("stop", "-t0", "swing");
    const looked = (await events("swing")).length;
    await Bun.sleep(500);
    expect((await events("swing")).length).toBe(looked);
    expect((await health("swing")).Status).toBe("unhealthy");
    expect(await status("swing")).toMatch(/^Exited/);
    await docker("rm", "swing");
  }, 30_000);

  test("the image's own check, and --no-healthcheck", async () => {
    await docker("create", "--name", "donor", "busybox", "sleep", "600");
    await docker(
      "commit",
      "--change",
      'HEALTHCHECK --interval=200ms --retries=7 CMD ["echo", "of the image"]',
      "donor",
      "checked",
    );
    await docker(
      "run",
      "-d",
      "--network=none",
      "--name",
      "own",
      "--health-retries=9",
      "checked",
      "sleep",
      "600",
    );
    const told = await until("own", ({ Status }) => Status === "healthy");
    expect(told.Log[0]?.Output).toBe("of the image\n");
    expect(JSON.parse(await docker("inspect", "-f", "{{json .Config.Healthcheck}}", "own"))).toEqual({
      Test: ["CMD", "echo", "of the image"],
      Interval: 200e6,
      Retries: 9,
    });
    await docker(
      "run",
      "-d",
      "--network=none",
      "--name",
      "without",
      "--no-healthcheck",
      "checked",
      "sleep",
      "600",
    );
    expect(await docker("inspect", "-f", "{{json .State.Health}}", "without")).toBe("null");
    expect((await named("health=none")).split("\n").sort()).toEqual(["donor", "without"]);
    await docker("rm", "-f", "own", "without", "donor");
    await docker("rmi", "checked");
  }, 30_000);

  test("a probe that hangs is killed with its children, and what it said is told, bounded", async () => {
    await run("slow", [
      "--health-cmd",
      "echo begun; (sleep 3333; true) & wait",
      "--health-interval=100ms",
      "--health-timeout=300ms",
      "--health-retries=1",
    ]);
    const told = await until("slow", ({ Log }) => Log.length >= 2);
    expect(told.Log[0]).toMatchObject({
      ExitCode: -1,
      Output: "Health check exceeded timeout (300ms): begun\n",
    });
    await docker("pause", "slow");
    await docker("unpause", "slow");
    const top = await docker("top", "slow");
    expect(top.match(/ sleep 3333$/gm)?.length ?? 0).toBeLessThanOrEqual(1);
    await docker("rm", "-f", "slow");
    await run("loud", ["--health-cmd", "yes", "--health-interval=100ms", "--health-timeout=300ms"]);
    const [first] = (await until("loud", ({ Log }) => Log.length > 0)).Log;
    expect(first?.Output).toBe(`Health check exceeded timeout (300ms): ${"y\n".repeat(2048)}...`);
    await docker("rm", "-f", "loud");
  }, 30_000);

  test("a check that cannot be started says why; one without a shell neither", async () => {
    await docker("create", "--name", "donor", "busybox", "sleep", "600");
    await docker(
      "commit",
      "--change",
      'HEALTHCHECK --interval=100ms CMD ["/no/such/check"]',
      "donor",
      "wrong",
    );
    await docker("run", "-d", "--network=none", "--name", "wrong", "wrong", "sleep", "600");
    const [first] = (await until("wrong", ({ Log }) => Log.length > 0)).Log;
    expect(first).toMatchObject({ ExitCode: -1, Output: expect.stringContaining("/no/such/check") });
    await docker("rm", "-f", "wrong", "donor");
    await docker("rmi", "wrong");
  }, 30_000);

  test("a paused container is not looked at, and stays what it was", async () => {
    await run("still", ["--health-cmd", "true", "--health-interval=100ms"]);
    await until("still", ({ Status }) => Status === "healthy");
    await docker("pause", "still");
    const before = await health("still");
    await Bun.sleep(500);
    expect(await health("still")).toEqual(before);
    await docker("unpause", "still");
    await until("still", ({ Log }) => Log.at(-1)?.Start !== before.Log.at(-1)?.Start);
    expect((await health("still")).Status).toBe("healthy");
    await docker("rm", "-f", "still");
  }, 30_000);

  test("a daemon that is killed in the middle of a look goes on where it was, and leaves no probe behind", async () => {
    await run("lasting", [
      "--health-cmd",
      "rm /stuck 2>/tmp/no && exec sleep 4444; true",
      "--health-interval=200ms",
      "--health-timeout=1h",
    ]);
    await until("lasting", ({ Status }) => Status === "healthy");
    await docker("exec", "lasting", "touch", "/stuck");
    const stuck = async () => / sleep 4444$/m.test(await docker("top", "lasting"));
    while (!(await stuck())) await Bun.sleep(50);
    expect(JSON.parse(await docker("inspect", "-f", "{{json .ExecIDs}}", "lasting"))).toHaveLength(1);
    const before = await health("lasting");
    await it.engine.kill();
    await it.engine.serve();
    const after = await health("lasting");
    expect(after.Status).toBe("healthy");
    expect(after.Log).toContainEqual(before.Log.at(-1) ?? expect.unreachable("it was looked at"));
    expect(await status("lasting")).toMatch(/\(healthy\)$/);
    await until("lasting", ({ Log }) => Log.at(-1)?.Start !== before.Log.at(-1)?.Start);
    expect(await stuck()).toBe(false);
    await docker("rm", "-f", "lasting");
  }, 30_000);

  test("what cannot be asked for is refused", async () => {
    const refused = async (...flags: string[]) =>
      (await it.engine.docker("create", ...flags, "busybox")).stderr;
    expect(await refused("--health-cmd=true", "--health-interval=1us")).toContain(
      "Interval in Healthcheck cannot be less than 1ms",
    );
    expect(await refused("--health-cmd=true", "--health-retries=-1")).toContain("cannot be negative");
  });
});
