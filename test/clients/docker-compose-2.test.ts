import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Files } from "../build/building.ts";
import { emptied } from "../compose/project.ts";
import { ownHost } from "../support/host.ts";
import { compose2Missing } from "./compose-2.ts";
import { composeProject } from "./compose-project.ts";
import { dockerEngine } from "./docker.ts";

/** A service that stays, with more of it as a flow mapping's rest. */
const stays = (more = "labels: { a: b }") =>
  `{ image: busybox, command: sleep 600, stop_signal: SIGKILL, ${more} }`;

const chain = `
services:
  last:
    image: busybox
    command: sleep 600
    stop_signal: SIGKILL
    depends_on:
      done: { condition: service_completed_successfully }
      ready: { condition: service_healthy }
  done:
    image: busybox
    command: ls /shared/ready
    volumes: ["shared:/shared"]
    depends_on: { ready: { condition: service_healthy } }
  ready:
    image: busybox
    command: sh -c "sleep 0.5; touch /shared/ready; exec sleep 600"
    stop_signal: SIGKILL
    volumes: ["shared:/shared"]
    healthcheck: { test: exec ls /shared/ready, interval: 100ms, retries: 100 }
volumes: { shared: {} }
`;

/** One that ends and two that stay. */
const three = `
services:
  ends: { image: busybox, command: sh -c "echo one; echo two >&2; sleep 1; exit 3" }
  stays: { image: busybox, command: sh -c "echo stays; exec sleep 600", stop_signal: KILL, ports: ["127.0.0.1:8080:80", "8053:53/udp"] }
  shell: { image: busybox, tty: true, stdin_open: true, command: sh, stop_signal: KILL }
`;

describe.skipIf(compose2Missing)("docker compose v2: a project's life", () => {
  const it = dockerEngine(ownHost);
  afterEach(() => emptied(it.engine));
  const project = (compose: string, files: Files = {}) => composeProject(it, compose, files);

  const state = async (name: string) => (await it.inspect("container", name)).State;
  const id = async (name: string) => (await it.inspect("container", name)).Id;
  const names = async (...filters: string[]) =>
    (await it.ok("ps", "-a", "--format", "{{.Names}}", ...filters.flatMap((each) => ["--filter", each])))
      .split("\n")
      .filter(Boolean)
      .sort();

  test("up waits for what has to be started, healthy or done", async () => {
    using p = project(chain);
    await p.ok("up", "-d", "--wait", "last", "ready");
    const [last, done, ready] = await Promise.all(["p-last-1", "p-done-1", "p-ready-1"].map(state));
    expect([last.Status, done.Status, ready.Health.Status]).toEqual(["running", "exited", "healthy"]);
    expect(ready.StartedAt < done.StartedAt && done.FinishedAt < last.StartedAt).toBe(true);
  });

  test("up says which dependency failed, and how", async () => {
    using p = project(`
services:
  web: ${stays("depends_on: { ill: { condition: service_healthy } }")}
  ill: ${stays('healthcheck: { test: [CMD, "false"], interval: 50ms, retries: 1 }')}
  other: ${stays("depends_on: { fails: { condition: service_completed_successfully } }")}
  fails: { image: busybox, command: sh -c "exit 4" }
`);
    expect(await p.compose("up", "-d", "web")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("dependency failed to start: container p-ill-1 is unhealthy"),
    });
    expect(await p.compose("up", "-d", "other")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('service "fails" didn\'t complete successfully: exit 4'),
    });
    expect([(await state("p-web-1")).Status, (await state("p-other-1")).Status]).toEqual([
      "created",
      "created",
    ]);
    expect(await p.compose("up", "-d", "--wait", "ill")).toMatchObject({ code: 1 });
  });

  test("up in front: output with each service's name, --abort-on-container-exit, --exit-code-from", async () => {
    using p = project(three);
    const aborted = await p.compose("up", "--no-color", "--abort-on-container-exit");
    expect(aborted.code).toBe(3);
    for (const line of ["ends-1   | one", "stays-1  | stays", "ends-1 exited with code 3"])
      expect(aborted.stdout).toContain(line);
    for (const line of ["ends-1   | two", "p-stays-1  Stopped"]) expect(aborted.stderr).toContain(line);
    expect(await p.compose("up", "--exit-code-from", "ends")).toMatchObject({ code: 3 });
    using front = p.following("up", "--no-color", "stays");
    await front.shows(/stays-1 +\| stays/);
    expect(await front.ended("SIGINT")).toBe(130);
    expect((await state("p-stays-1")).Status).toBe("exited");
  });

  test("ls, ps, top, images, port and stats tell what there is", async () => {
    using p = project(three);
    await p.ok("up", "-d");
    await it.docker("wait", "p-ends-1");
    const listed = (await p.ok("ls", "-a")).split("\n")[1];
    expect(listed).toMatch(new RegExp(`^p +exited\\(1\\), running\\(2\\) +${join(p.path, "compose.yaml")}$`));
    expect(JSON.parse(await p.ok("ls", "--format", "json"))).toEqual([
      { Name: "p", Status: "running(2)", ConfigFiles: join(p.path, "compose.yaml") },
    ]);
    const shown = await p.ok("ps", "-a");
    expect(shown).toMatch(/^p-ends-1 +busybox +"sh -c 'echo one; ec…" +ends .* Exited \(3\) .*$/m);
    expect(shown).toMatch(
      /^p-stays-1 .* Up .* 0\.0\.0\.0:8053->53\/udp, :::8053->53\/udp, 127\.0\.0\.1:8080->80\/tcp$/m,
    );
    const lines = (await p.ok("ps", "-a", "--format", "json")).trim().split("\n");
    const told = lines
      .map((line) => JSON.parse(line))
      .map(({ Service, State, ExitCode, Publishers }) => [Service, State, ExitCode, Publishers?.length ?? 0]);
    expect(told.sort()).toEqual([
      ["ends", "exited", 3, 0],
      ["shell", "running", 0, 0],
      ["stays", "running", 0, 3],
    ]);
    expect((await p.ok("ps", "--services")).trim().split("\n").sort()).toEqual(["shell", "stays"]);
    expect((await p.ok("ps", "-aq", "--status", "exited")).trim()).toBe(await id("p-ends-1"));
    expect(await p.ok("top", "stays")).toMatch(
      /^p-stays-1\nUID +PID +PPID +C +STIME +TTY +TIME +CMD\s*\nroot .* sleep 600\s*$/m,
    );
    expect(await p.ok("images", "stays")).toMatch(/^p-stays-1 +busybox +latest +[0-9a-f]{12} +[\d.]+MB$/m);
    expect(await p.ok("port", "stays", "80")).toBe("127.0.0.1:8080\n");
    expect(await p.ok("port", "--protocol", "udp", "stays", "53")).toMatch(/^(0\.0\.0\.0|:::?):8053\n$/m);
    expect(await p.compose("port", "stays", "90")).toMatchObject({ code: 1 });
    expect(await p.ok("stats", "--no-stream", "stays")).toMatch(/^[0-9a-f]{12} +p-stays-1 +\d.*% .* 1$/m);
  });

  test("logs: all, of one, the last, since, with times, followed to the end", async () => {
    using p = project(three);
    await p.ok("up", "-d", "ends", "stays");
    using followed = p.following("logs", "--no-color", "-f", "ends");
    await followed.shows(/ends-1 +\| two/);
    expect(await followed.ended()).toBe(0);
    const all = await p.ok("logs", "--no-color");
    for (const line of [/ends-1 +\| one$/m, /ends-1 +\| two$/m, /stays-1 +\| stays$/m])
      expect(all).toMatch(line);
    expect(await p.ok("logs", "--no-log-prefix", "-n", "1", "ends")).toMatch(/^\S*two\n$/);
    expect(await p.ok("logs", "--no-color", "-t", "stays")).toMatch(
      /stays-1 +\| \d{4}-\d\d-\d\dT[\d:.]+Z stays\n$/,
    );
    expect(await p.ok("logs", "--no-log-prefix", "--until", "2020-01-01T00:00:00Z")).toBe("");
    expect(await p.ok("logs", "--no-log-prefix", "--since", "1h", "stays")).toMatch(/^\S*stays\n$/);
  });

  test("events: each container's, with its service and labels, none of other projects", async () => {
    using p = project(three);
    await p.ok("create", "stays");
    using events = p.following("events", "--json");
    // It says nothing until something happens: the first event that is heard of several is enough.
    for (let tries = 0; !/"start"/.test(events.text) && tries < 50; tries++) {
      await p.ok("restart", "-t", "0", "stays");
      await it.ok("run", "--rm", "busybox", "true");
    }
    await p.ok("kill", "stays");
    await events.shows(/"action":"die".*\n/);
    const told = events.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(new Set(told.map(({ service }) => service))).toEqual(new Set(["stays"]));
    expect(told.find(({ action }) => action === "start")).toMatchObject({
      type: "container",
      id: await id("p-stays-1"),
      attributes: { name: "p-stays-1", image: "busybox", "made.by": "test" },
    });
  });

  test("exec and run: streams, codes, users, environment, one-off containers", async () => {
    using p = project(`
services:
  web: ${stays("environment: { A: own }, ports: ['8080:80']")}
  needs: { image: busybox, command: sh -c "echo needed", depends_on: [web] }
`);
    await p.ok("up", "-d", "web");
    const words = ["-T", "-e", "B=given", "-w", "/tmp", "-u", "1:2", "web", "sh", "-c"];
    expect(await p.compose("exec", ...words, "echo $A $B $PWD; id -u >&2; exit 7")).toEqual({
      code: 7,
      stdout: "own given /tmp\n",
      stderr: "1\n",
    });
    expect(await p.compose("exec", "-T", "web", "nosuch")).toMatchObject({ code: 127 });
    expect(await p.ok("exec", "-d", "web", "touch", "/made")).toBe("");
    expect(await p.compose("run", "--rm", "-T", "needs")).toMatchObject({ code: 0, stdout: "needed\n" });
    expect(await p.compose("run", "--rm", "-T", "web", "sh", "-c", "exit 9")).toMatchObject({ code: 9 });
    await p.ok("run", "-d", "--name", "once", "-e", "A=other", "web", "sleep", "500");
    const once = await it.inspect("container", "once");
    expect(once.Config.Labels).toMatchObject({
      "com.docker.compose.oneoff": "True",
      "com.docker.compose.service": "web",
    });
    expect([once.Config.Env.includes("A=other"), once.HostConfig.PortBindings]).toEqual([true, {}]);
    expect(await names("label=com.docker.compose.oneoff=True")).toEqual(["once"]);
    expect((await p.ok("ps", "-q")).trim()).toBe(await id("p-web-1"));
    await p.ok("down", "-t", "0", "--remove-orphans");
    expect(await names()).toEqual([]);
  });

  test("exec, run and attach in a terminal", async () => {
    using p = project(three);
    await p.ok("up", "-d", "shell");
    using exec = p.onScreen("exec", "shell", "sh");
    await exec.shows("/ #");
    exec.type("stty size; exit 5\r");
    await exec.shows(/\b30 100\b/);
    expect(await exec.exited).toBe(5);
    using run = p.onScreen("run", "--rm", "shell");
    await run.shows("/ #");
    run.type("echo in:$((20+3)); exit 6\r");
    await run.shows("in:23");
    expect(await run.exited).toBe(6);
    using attached = p.onScreen("attach", "shell");
    await Bun.sleep(300);
    attached.type("echo at:$((20+4))\r");
    await attached.shows("at:24");
    attached.type("exit 4\r");
    expect(await attached.exited).toBe(4);
    expect((await state("p-shell-1")).ExitCode).toBe(4);
  });

  test("wait tells the first end; --down-project", async () => {
    using p = project(three);
    await p.ok("up", "-d");
    expect(await p.compose("wait", "ends")).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/exited with status code 3\n$/),
    });
    await p.ok("start", "ends");
    expect(await p.compose("wait", "--down-project", "ends")).toMatchObject({ code: 3 });
    expect(await names()).toEqual([]);
  });

  test("cp: from one, into each, a folder, a stream", async () => {
    using p = project(`services:\n  web: ${stays("scale: 2")}\n`, { "in/file": "text\n" });
    await p.ok("up", "-d");
    await p.ok("cp", "in", "web:/tmp");
    for (const index of ["1", "2"])
      expect(await p.ok("exec", "-T", "--index", index, "web", "cat", "/tmp/in/file")).toBe("text\n");
    await p.ok("exec", "-T", "--index", "2", "web", "sh", "-c", "echo other > /tmp/in/file");
    await p.ok("cp", "--index", "2", "web:/tmp/in/file", "back");
    expect(readFileSync(join(p.path, "back"), "utf8")).toBe("other\n");
    expect(await p.compose("cp", "web:/nosuch", "back")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("/nosuch"),
    });
  });

  test("pause, unpause, kill, stop, start, restart, rm, scale", async () => {
    using p = project(`services:\n  web: ${stays()}\n  other: ${stays()}\n`);
    const states = async () =>
      Object.fromEntries(
        await Promise.all((await names()).map(async (name) => [name.slice(2), (await state(name)).Status])),
      );
    await p.ok("up", "-d");
    await p.ok("pause", "web");
    expect(await states()).toEqual({ "other-1": "running", "web-1": "paused" });
    expect(await p.ok("ls")).toMatch(/^p +paused\(1\), running\(1\) /m);
    await p.ok("unpause", "web");
    expect(await p.compose("unpause", "other")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("not paused"),
    });
    await p.ok("kill", "-s", "SIGTERM", "web");
    expect((await state("p-web-1")).Status).toBe("running");
    await p.ok("kill", "web");
    expect(await states()).toEqual({ "other-1": "running", "web-1": "exited" });
    await p.ok("start");
    const before = (await state("p-web-1")).StartedAt;
    await p.ok("restart", "-t", "0", "web");
    expect((await state("p-web-1")).StartedAt > before).toBe(true);
    await p.ok("scale", "web=3");
    expect(await names()).toEqual(["p-other-1", "p-web-1", "p-web-2", "p-web-3"]);
    const third = await id("p-web-3");
    await p.ok("up", "-d", "--scale", "web=1");
    expect(await names()).toEqual(["p-other-1", "p-web-1"]);
    expect(third).not.toBe("");
    await p.ok("stop", "-t", "0", "other");
    await p.ok("rm", "-f");
    expect(await states()).toEqual({ "web-1": "running" });
    await p.ok("rm", "-fs", "web");
    expect(await states()).toEqual({});
    expect(await p.ok("ls", "-a", "-q")).toBe("");
  });

  test("up changes what changed and nothing else; anonymous volumes stay, unless -V", async () => {
    const file = (label: string, rest = "") => `
services:
  web: ${stays(`labels: { a: ${label} }, volumes: [/data]`)}
  same: ${stays()}
${rest}`;
    using p = project(file("one", `  leaves: ${stays()}\n`));
    await p.ok("up", "-d");
    await p.ok("exec", "-T", "web", "sh", "-c", "echo kept > /data/file");
    const [web, same] = [await id("p-web-1"), await id("p-same-1")];
    const idle = await p.compose("up", "-d");
    expect(idle.stderr).toContain("Container p-web-1  Running");
    expect([await id("p-web-1"), await id("p-same-1")]).toEqual([web, same]);
    p.write({ "compose.yaml": file("two") });
    const up = await p.compose("up", "-d");
    expect(up.stderr).toContain("Found orphan containers ([p-leaves-1])");
    expect(up.stderr).toContain("Container p-web-1  Recreated");
    expect([(await id("p-web-1")) === web, await id("p-same-1")]).toEqual([false, same]);
    expect(await p.ok("exec", "-T", "web", "cat", "/data/file")).toBe("kept\n");
    await p.ok("up", "-d", "--remove-orphans");
    expect(await names()).toEqual(["p-same-1", "p-web-1"]);
    await p.ok("up", "-d", "--force-recreate", "-V", "web");
    expect(await p.compose("exec", "-T", "web", "cat", "/data/file")).toMatchObject({ code: 1 });
    expect(await id("p-same-1")).toBe(same);
    await p.ok("up", "-d", "--no-recreate");
  });

  test("down keeps named volumes, down -v and --rmi do not; what is external stays", async () => {
    await it.ok("network", "create", "outside");
    await it.ok("volume", "create", "given");
    using p = project(`
services:
  web: ${stays('volumes: ["kept:/kept", "given:/given"], networks: [inside, outside]')}
networks: { inside: {}, outside: { external: true } }
volumes: { kept: {}, given: { external: true } }
`);
    await p.ok("up", "-d");
    await p.ok("exec", "-T", "web", "sh", "-c", "echo data > /kept/file");
    await p.ok("down", "-t", "0");
    expect(await it.ok("network", "ls", "-q", "-f", "name=p_inside")).toBe("");
    await p.ok("up", "-d");
    expect(await p.ok("exec", "-T", "web", "cat", "/kept/file")).toBe("data\n");
    await p.ok("down", "-t", "0", "-v");
    expect(await it.ok("volume", "ls", "-q")).toBe("given");
    expect(await it.ok("network", "ls", "-f", "type=custom", "--format", "{{.Name}}")).toBe("outside");
    expect(await p.ok("ls", "-a", "-q")).toBe("");
    await it.ok("network", "rm", "outside");
    expect(await p.compose("up", "-d")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("network outside not found"),
    });
  });

  test("profiles: only those that are asked for", async () => {
    using p = project(`services:\n  always: ${stays()}\n  asked: ${stays("profiles: [one]")}\n`);
    await p.ok("up", "-d");
    expect(await names()).toEqual(["p-always-1"]);
    await p.ok("--profile", "one", "up", "-d");
    expect(await names()).toEqual(["p-always-1", "p-asked-1"]);
    await p.ok("--profile", "one", "down", "-t", "0");
    expect(await names()).toEqual([]);
  });
});
