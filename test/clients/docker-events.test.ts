import { describe, expect, test } from "bun:test";
import { request } from "node:http";
import { join } from "node:path";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { dockerEngine, engineMissing } from "./docker.ts";
import { screen } from "./screen.ts";

interface Told {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: string;
  readonly timeNano: number;
}

describe.skipIf(engineMissing)("docker events", () => {
  const it = dockerEngine(machine);

  const docker = async (...words: string[]) => {
    const { code, stdout, stderr } = await it.engine.docker(...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.trim();
  };
  const now = () => (Date.now() / 1000).toFixed(3);
  const events = async (since: string, ...filters: string[]): Promise<Told[]> => {
    const wanted = filters.flatMap((filter) => ["--filter", filter]);
    const lines = await docker(
      "events",
      "--since",
      since,
      "--until",
      now(),
      "--format",
      "{{json .}}",
      ...wanted,
    );
    return lines === "" ? [] : lines.split("\n").map((line) => JSON.parse(line) as Told);
  };
  const own = ["image", "name", "made.by", "container"];
  /** `type action key=value`, without what every event of a container has. */
  const line = ({ Type, Action, Actor: { Attributes } }: Told) => {
    const rest = Object.entries(Attributes).filter(([key]) => Type !== "container" || !own.includes(key));
    return [Type, Action, ...rest.map(([key, value]) => `${key}=${value}`).sort()].join(" ");
  };

  /** Until it has happened: some events come when the answer is out already. */
  const heard = async (since: string, action: string) => {
    while (!(await events(since)).some(({ Action }) => Action === action)) await Bun.sleep(20);
  };
  const lines = (told: readonly Told[], ...ids: string[]) =>
    told.map((event) =>
      ids
        .reduce((text, id) => text.replaceAll(id, "ID"), line(event))
        .replace(/execDuration=\d+/, "execDuration=N")
        .replace(/(execID|imageID)=(sha256:)?[0-9a-f]{64}/g, "$1=…"),
    );

  test("everything that happens to a container, in order, each with the attributes that Docker gives it", async () => {
    using folder = temporaryFolder("events");
    const since = now();
    await docker("volume", "create", "data");
    const create = ["create", "--name", "first", "-v", "data:/data:ro", "--label", "own=yes"];
    const id = await docker(...create, "busybox", "sleep", "600");
    await docker("start", "first");
    expect((await it.engine.docker("exec", "first", "sh", "-c", "exit 3")).code).toBe(3);
    await heard(since, "exec_die");
    await docker("top", "first");
    const tar = (await it.engine.docker("cp", "first:/etc", "-")).stdout;
    await it.engine.dockerWith({ input: tar }, "cp", "-", "first:/tmp");
    await docker("export", "-o", join(folder.path, "tar"), "first");
    await docker("pause", "first");
    await docker("unpause", "first");
    await docker("rename", "first", "second");
    await docker("update", "--cpu-shares=512", "second");
    await docker("kill", "-s", "WINCH", "second");
    await docker("restart", "-t0", "second");
    await docker("commit", "-m", "kept", "second", "of-second");
    await docker("stop", "-t0", "second");
    await docker("rm", "second");
    await docker("volume", "rm", "data");
    const told = await events(since);
    const start = [
      "network connect container=ID name=bridge type=bridge",
      "volume mount container=ID destination=/data driver=local propagation= read/write=false",
      "container start own=yes",
    ];
    const end = [
      "container kill own=yes signal=15",
      "container kill own=yes signal=9",
      "container die execDuration=N exitCode=137 own=yes",
      "network disconnect container=ID name=bridge type=bridge",
      "volume unmount container=ID driver=local",
      "container stop own=yes",
    ];
    expect(lines(told, id)).toEqual([
      "volume create driver=local",
      "container create own=yes",
      ...start,
      "container exec_create: sh -c exit 3 execID=… own=yes",
      "container exec_start: sh -c exit 3 execID=… own=yes",
      "container exec_die execID=… exitCode=3 own=yes",
      "container top own=yes",
      "container archive-path own=yes",
      "container extract-to-dir own=yes",
      "container export own=yes",
      "container pause own=yes",
      "container unpause own=yes",
      "container rename oldName=/first own=yes",
      "container update own=yes",
      "container kill own=yes signal=28",
      ...end,
      ...start,
      "container restart own=yes",
      "container commit comment=kept imageID=… imageRef=docker.io/library/of-second:latest own=yes",
      ...end,
      "container destroy own=yes",
      "volume destroy driver=local",
    ]);
    for (const { Type, Actor, scope } of told) {
      expect(scope).toBe("local");
      if (Type !== "container") continue;
      expect(Actor.ID).toBe(id);
      expect(Actor.Attributes).toMatchObject({ image: "busybox", own: "yes", "made.by": "test" });
      expect(Actor.Attributes["name"]).toMatch(/^(first|second)$/);
    }
    const times = told.map(({ timeNano }) => timeNano);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    await docker("rmi", "of-second");
  }, 60_000);

  /** A client of the API that types on a terminal until the engine lets go of it. docker's own sees to detach keys by itself. */
  const typing = (path: string, body: unknown, text: string) =>
    new Promise<void>((resolve, reject) => {
      const headers = { connection: "Upgrade", upgrade: "tcp", "content-type": "application/json" };
      const asked = request({ socketPath: it.engine.socket, path, method: "POST", headers });
      asked.once("error", reject);
      asked.once("upgrade", (_, socket) => {
        socket.once("close", () => resolve());
        socket.once("end", () => socket.end());
        socket.resume();
        socket.write(text);
      });
      asked.end(JSON.stringify(body));
    });

  test("a terminal: attach, resize, detach and exec_detach", async () => {
    const since = now();
    const flags = ["-it", "--network=none", "--name", "typed"];
    using shell = screen(["docker", "-H", `unix://${it.engine.socket}`, "run", ...flags, "busybox", "sh"]);
    await shell.shows("/ #");
    await typing("/containers/typed/attach?stream=1&stdin=1&stdout=1", {}, "\x10\x11");
    const asked = { AttachStdin: true, AttachStdout: true, Tty: true, Cmd: ["sh"], DetachKeys: "a,b" };
    const made = await fetch("http://d/containers/typed/exec", {
      unix: it.engine.socket,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(asked),
    });
    const { Id } = (await made.json()) as { Id: string };
    await typing(`/exec/${Id}/start`, { Tty: true }, "ab");
    let told = lines(await events(since, "container=typed"));
    // The client is let go of first.
    for (let tries = 0; tries < 100 && !told.at(-1)?.includes("exec_detach"); tries++) {
      await Bun.sleep(20);
      told = lines(await events(since, "container=typed"));
    }
    expect(told.filter((one) => !one.includes("resize"))).toEqual([
      "container create",
      "container attach",
      "container start",
      "container attach",
      "container detach",
      "container exec_create: sh execID=…",
      "container exec_start: sh execID=…",
      "container exec_detach execID=…",
    ]);
    expect(told).toContain("container resize height=30 width=100");
    expect(await docker("inspect", "-f", "{{.State.Status}}", "typed")).toBe("running");
    await docker("rm", "-f", "typed");
  }, 30_000);

  test("what nobody needed is told as pruned, with the bytes that it took", async () => {
    const since = now();
    const id = await docker("create", "busybox", "true");
    await docker("network", "create", "unused");
    await docker("volume", "create", "unused");
    await docker("container", "prune", "-f");
    await docker("network", "prune", "-f");
    await docker("volume", "prune", "-f", "--all");
    await docker("image", "prune", "-f");
    const told = (await events(since, "event=prune")).map(({ Type, Actor: { ID, Attributes } }) => [
      Type,
      ID,
      Object.keys(Attributes),
    ]);
    expect(told).toEqual(
      ["container", "network", "volume", "image"].map((type) => [type, "", ["reclaimed"]]),
    );
    const own = (await events(since, `container=${id}`)).map(({ Action }) => Action);
    expect(own).toEqual(["create", "destroy"]);
  }, 60_000);

  test("a container that takes more memory than it may: oom, then die", async () => {
    const since = now();
    await it.engine.docker(
      "run",
      "--network=none",
      "--name",
      "greedy",
      "-m",
      "16m",
      "--memory-swap",
      "16m",
      "busybox",
      "tail",
      "/dev/zero",
    );
    expect((await events(since, "container=greedy")).map(({ Action }) => Action)).toEqual([
      "create",
      "attach",
      "start",
      "oom",
      "die",
    ]);
    await docker("rm", "greedy");
  }, 60_000);

  test("a program in a container takes more memory than it may: oom while the container goes on, and not again at its end", async () => {
    const since = now();
    const hungry = "tail /dev/zero; read x; exit 3";
    const limits = ["-m", "16m", "--memory-swap", "16m"];
    await docker(
      "run",
      "-di",
      "--network=none",
      "--name",
      "host-of-one",
      ...limits,
      "busybox",
      "sh",
      "-c",
      hungry,
    );
    const state = () => docker("inspect", "-f", "{{.State.Running}} {{.State.OOMKilled}}", "host-of-one");
    const told = async () => (await events(since, "container=host-of-one")).map(({ Action }) => Action);
    for (let tries = 0; (await state()) !== "true true"; tries++) {
      expect(tries).toBeLessThan(100);
      await Bun.sleep(50);
    }
    expect(await told()).toEqual(["create", "start", "oom"]);
    await docker("kill", "host-of-one");
    expect(await docker("wait", "host-of-one")).toBe("137");
    expect(await told()).toEqual(["create", "start", "oom", "kill", "die"]);
    expect(await state()).toBe("false true");
    await docker("rm", "-f", "host-of-one");
  }, 60_000);

  test("since, until and every filter; values of one are alternatives, filters together hold all", async () => {
    const start = now();
    const one = await docker(
      "run",
      "-d",
      "--network=none",
      "--name",
      "one",
      "--label",
      "kind=a",
      "busybox",
      "true",
    );
    await docker("wait", "one");
    await Bun.sleep(10);
    const middle = now();
    await docker("run", "-d", "--network=none", "--name", "two", "--label", "kind=b", "busybox", "true");
    await docker("wait", "two");
    const names = async (since: string, ...filters: string[]) =>
      (await events(since, ...filters)).map(({ Action, Actor }) => `${Action} ${Actor.Attributes["name"]}`);
    const life = (name: string) => ["create", "start", "die"].map((action) => `${action} ${name}`);
    expect(await names(start, "type=container")).toEqual([...life("one"), ...life("two")]);
    expect(await names(middle, "type=container")).toEqual(life("two"));
    const until = await docker(
      "events",
      "--since",
      start,
      "--until",
      middle,
      "--filter",
      "type=container",
      "--format",
      "{{.Action}}",
    );
    expect(until.split("\n")).toEqual(["create", "start", "die"]);
    expect(await names(start, `container=${one}`)).toEqual(life("one"));
    expect(await names(start, `container=${one.slice(0, 12)}`)).toEqual(life("one"));
    expect(await names(start, "container=one", "container=two", "event=start")).toEqual([
      "start one",
      "start two",
    ]);
    expect(await names(start, "label=kind", "event=die", "event=create")).toEqual([
      "create one",
      "die one",
      "create two",
      "die two",
    ]);
    expect(await names(start, "label=kind=b", "image=busybox")).toEqual(life("two"));
    expect(await names(start, "image=busybox:latest", "event=start")).toEqual([]);
    expect(await names(start, "image=other")).toEqual([]);
    expect(await names(start, "type=network", "network=none", "event=connect")).toEqual([
      "connect none",
      "connect none",
    ]);
    expect(await names(start, "scope=swarm")).toEqual([]);
    await docker("rm", "one", "two");
  }, 60_000);

  test("nothing is lost between what has happened and what happens", async () => {
    const since = now();
    const wanted = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    const words = ["events", "--since", since, "--filter", "event=create", "--format"];
    const format = "{{.Actor.Attributes.name}}";
    await docker("create", "--name", "many-0", "busybox", "true");
    const following = Bun.spawn(["docker", "-H", `unix://${it.engine.socket}`, ...words, format]);
    for (const name of wanted.slice(1)) await docker("create", "--name", name, "busybox", "true");
    const text = new TextDecoder();
    let told = "";
    for await (const chunk of following.stdout) {
      told += text.decode(chunk, { stream: true });
      if (told.includes("many-19\n")) following.kill();
    }
    expect(told.trim().split("\n")).toEqual(wanted);
    await docker("rm", ...wanted);
  }, 60_000);
});
