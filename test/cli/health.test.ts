import { describe, expect, test } from "bun:test";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("--health-*", () => {
  const cli = cliEngine();
  const ill = ["--health-cmd", "exit 1", "--health-interval", "100ms", "--health-retries", "2"];
  const run = (name: string, ...flags: string[]) =>
    cli.out("run", "-d", "--network", "none", "--name", name, ...ill, ...flags, "busybox", "sleep", "600");
  const state = (name: string, field: string) => cli.out("inspect", "-f", `{{.State.${field}}}`, name);
  const until = async (holds: () => Promise<boolean>) => {
    while (!(await holds())) await Bun.sleep(50);
  };
  const events = async (name: string) => {
    const filter = ["--filter", `container=${name}`, "--filter", "type=container"];
    const told = await cli.out(
      "events",
      "--since",
      "0",
      "--until",
      "0s",
      ...filter,
      "--format",
      "{{.Action}}",
    );
    return told.split("\n").filter((line) => line !== "" && !line.startsWith("exec_"));
  };

  test("all of them are asked for, told, and shown by ps", async () => {
    const flags = ["--health-cmd", "true", "--health-interval", "1m30s", "--health-timeout", "5s"];
    const more = ["--health-start-period", "1m", "--health-start-interval", "100ms", "--health-retries", "4"];
    await cli.out(
      "run",
      "-d",
      "--network=none",
      "--name",
      "well",
      ...flags,
      ...more,
      "busybox",
      "sleep",
      "600",
    );
    expect(JSON.parse(await cli.out("inspect", "-f", "{{json .Config.Healthcheck}}", "well"))).toEqual({
      Test: ["CMD-SHELL", "true"],
      Interval: 90e9,
      Timeout: 5e9,
      StartPeriod: 60e9,
      StartInterval: 100e6,
      Retries: 4,
    });
    await until(async () => (await state("well", "Health.Status")) === "healthy\n");
    expect(await cli.out("ps", "--format", "{{.HealthStatus}} {{.Status}}")).toMatch(
      /^healthy Up .*\(healthy\)\n$/,
    );
    await cli.out("rm", "-f", "well");
  }, 30_000);

  test("--no-healthcheck excludes the others", async () => {
    const refused = await cli.inro("create", "--no-healthcheck", ...ill, "busybox");
    expect([refused.code, refused.stderr]).toEqual([
      125,
      expect.stringContaining("--no-healthcheck conflicts with --health-* options"),
    ]);
    const wrong = await cli.inro("create", "--health-on-failure", "cry", ...ill, "busybox");
    expect(wrong.stderr).toContain('"cry" is none of none, kill, restart, stop');
  });

  test("--health-on-failure=none: it is told, and nothing is done", async () => {
    await run("none");
    await until(async () => (await state("none", "Health.Status")) === "unhealthy\n");
    expect(await state("none", "Status")).toBe("running\n");
    expect(await events("none")).toEqual(["create", "start", "health_status: unhealthy"]);
    await cli.out("rm", "-f", "none");
  }, 30_000);

  test("--health-on-failure=stop: it is asked to end, and rests whatever its restart policy", async () => {
    await run("stop", "--health-on-failure", "stop", "--restart", "always", "--stop-signal", "KILL");
    await until(async () => (await state("stop", "Status")) === "exited\n");
    expect(await events("stop")).toEqual([
      "create",
      "start",
      "health_status: unhealthy",
      "kill",
      "die",
      "stop",
    ]);
    await cli.out("rm", "stop");
  }, 30_000);

  test("--health-on-failure=kill: it is killed, and its restart policy decides", async () => {
    await run("kill", "--health-on-failure", "kill");
    await until(async () => (await state("kill", "Status")) === "exited\n");
    expect(await state("kill", "ExitCode")).toBe("137\n");
    expect(await events("kill")).toEqual(["create", "start", "health_status: unhealthy", "kill", "die"]);
    await run("again", "--health-on-failure", "kill", "--restart", "on-failure:1");
    await until(async () => (await state("again", "Status")) === "exited\n");
    expect((await events("again")).filter((action) => action === "start")).toHaveLength(2);
    await cli.out("rm", "kill", "again");
  }, 30_000);

  test("--health-on-failure=restart: it is restarted as by a user, --rm or not", async () => {
    await run("restart", "--health-on-failure", "restart", "--stop-signal", "KILL", "--rm");
    expect(await cli.out("inspect", "-f", "{{.HostConfig.HealthOnFailure}}", "restart")).toBe("restart\n");
    await until(async () => (await events("restart")).includes("restart"));
    expect((await events("restart")).slice(0, 7)).toEqual([
      "create",
      "start",
      "health_status: unhealthy",
      "kill",
      "die",
      "stop",
      "start",
    ]);
    expect(["starting\n", "unhealthy\n"]).toContain(await state("restart", "Health.Status"));
    await cli.out("rm", "-f", "restart");
  }, 30_000);
});
