import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { cgroupsOf, type Daemon, daemon, logOf, nativesOf } from "./daemon.ts";

const COUNT = "i=0; while [ $i -lt LAST ]; do i=$((i+1)); echo line $i; sleep 0.01; done; exit 7";

const linesUpTo = (last: number) => Array.from({ length: last }, (_, n) => `line ${n + 1}\n`).join("");

describe.skipIf(rootMissing || busyboxMissing)("the daemon is killed", () => {
  let d: Daemon;
  beforeAll(async () => {
    d = await daemon();
  }, 60_000);
  afterEach(async () => {
    for (const { Id } of JSON.parse(await d.ask("GET", "/containers/json?all=1")))
      await d.ask("DELETE", `/containers/${Id}?force=1&v=1`);
  });
  afterAll(async () => {
    await d?.[Symbol.asyncDispose]();
  }, 60_000);

  test("a container goes on, no line is lost, and logs, exec and wait work when it is back", async () => {
    const id = await d.run({ Cmd: ["sh", "-c", COUNT.replace("LAST", "200")] });
    const before = (await d.inspect(id)).State.Pid;
    await Bun.sleep(300);
    await d.end("SIGKILL");
    await Bun.sleep(500);
    await d.serve();
    const { State } = await d.inspect(id);
    expect(State).toMatchObject({ Status: "running", Pid: before });
    const exec = { Cmd: ["sh", "-c", "echo from the exec; exit 5"], AttachStdout: true };
    const { Id } = JSON.parse(await d.ask("POST", `/containers/${id}/exec`, exec));
    expect(await d.ask("POST", `/exec/${Id}/start`, { Detach: false, Tty: false })).toContain(
      "from the exec\n",
    );
    expect(JSON.parse(await d.ask("GET", `/exec/${Id}/json`))).toMatchObject({ ExitCode: 5, Running: false });
    expect(JSON.parse(await d.ask("POST", `/containers/${id}/wait`))).toMatchObject({ StatusCode: 7 });
    expect(await logOf(d, id)).toBe(linesUpTo(200));
  }, 30_000);

  test("an end that happened meanwhile is reported with its code, output and event", async () => {
    const since = Math.floor(Date.now() / 1000);
    const id = await d.run({ Cmd: ["sh", "-c", COUNT.replace("LAST", "30")] });
    await d.end("SIGKILL");
    await Bun.sleep(1200);
    await d.serve();
    expect((await d.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 7 });
    expect(JSON.parse(await d.ask("POST", `/containers/${id}/wait`))).toMatchObject({ StatusCode: 7 });
    expect(await logOf(d, id)).toBe(linesUpTo(30));
    const until = Math.ceil(Date.now() / 1000);
    const events = await d.ask("GET", `/events?since=${since}&until=${until}`);
    expect(events).toContain('"exitCode":"7"');
    // It can be started again.
    await d.ask("POST", `/containers/${id}/start`);
    expect((await d.inspect(id)).State.Status).toBe("running");
  }, 30_000);

  test("one with --rm that ended meanwhile is reported and gone", async () => {
    const since = Math.floor(Date.now() / 1000);
    const id = await d.run({ Cmd: ["sh", "-c", "sleep 0.3; exit 9"], HostConfig: { AutoRemove: true } });
    await d.end("SIGKILL");
    await Bun.sleep(1000);
    await d.serve();
    await expect(d.inspect(id)).rejects.toThrow(/404/);
    const events = await d.ask("GET", `/events?since=${since}&until=${Math.ceil(Date.now() / 1000)}`);
    expect(events).toContain('"exitCode":"9"');
    expect(events).toContain('"Action":"destroy"');
  }, 30_000);

  test("published ports stay taken, and free ones can be had", async () => {
    const publish = (port: number) => ({
      Cmd: ["sleep", "60"],
      HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] } },
    });
    await d.run(publish(18080));
    await d.end("SIGKILL");
    await d.serve();
    await expect(d.run(publish(18080))).rejects.toThrow(/18080/);
    await d.run(publish(18081));
  }, 30_000);

  test("a monitor that is killed takes its container with it, and that is said", async () => {
    const id = await d.run({ Cmd: ["sleep", "600"] });
    const [monitor] = nativesOf(d.dataRoot);
    process.kill(monitor ?? 0, "SIGKILL");
    await d.ask("POST", `/containers/${id}/wait`);
    const { State } = await d.inspect(id);
    expect(State).toMatchObject({ Status: "exited", ExitCode: 255 });
    expect(State.Error).toBe("it died with its monitor");
    expect(cgroupsOf(d.dataRoot).filter((path) => path.includes(id))).toEqual([]);
  }, 30_000);

  test("a monitor that is killed while no daemon runs is said too", async () => {
    const id = await d.run({ Cmd: ["sleep", "600"] });
    await d.end("SIGKILL");
    for (const monitor of nativesOf(d.dataRoot)) process.kill(monitor, "SIGKILL");
    await Bun.sleep(100);
    await d.serve();
    expect((await d.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 255 });
    expect(cgroupsOf(d.dataRoot).filter((path) => path.includes(id))).toEqual([]);
  }, 30_000);

  test("SIGTERM ends the daemon cleanly and no container", async () => {
    const id = await d.run({ Cmd: ["sleep", "600"] });
    expect(await d.end("SIGTERM")).toBe(0);
    await d.serve();
    expect((await d.inspect(id)).State.Status).toBe("running");
  }, 30_000);

  test("--restart always brings back what ended meanwhile", async () => {
    const id = await d.run({
      Cmd: ["sh", "-c", "sleep 0.2; exit 1"],
      HostConfig: { RestartPolicy: { Name: "always" } },
    });
    await d.end("SIGKILL");
    await Bun.sleep(800);
    await d.serve();
    for (let tries = 0; (await d.inspect(id)).State.Status !== "running"; tries++) {
      expect(tries).toBeLessThan(100);
      await Bun.sleep(20);
    }
  }, 30_000);
});
