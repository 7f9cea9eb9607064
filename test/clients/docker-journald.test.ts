import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { busyboxMissing, loadBusybox } from "./busybox.ts";
import { engineMissing } from "./docker.ts";

const journald = "/lib/systemd/systemd-journald";

type Entry = Readonly<Record<string, string | readonly number[]>>;

/** A journal of the test's own: systemd's, in a mount namespace where /run and /var/log are the test's. */
describe.skipIf(engineMissing || busyboxMissing || !existsSync(journald))("--log-driver journald", () => {
  const scope = new AsyncDisposableStack();
  let host: Host;
  let engine: TestEngine;
  let daemon: ChildProcess;

  const begin = async () => {
    daemon = host.spawn(journald, [], { stdio: ["ignore", "ignore", "ignore"] });
    for (let tries = 0; tries < 400; tries++) {
      if ((await host.run("test", ["-S", "/run/systemd/journal/socket"])).code === 0) return;
      await Bun.sleep(25);
    }
    throw new Error("systemd-journald does not begin");
  };
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(daemon, "exit");
    daemon.kill(signal);
    await ended;
  };
  const ok = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await engine.docker(...words);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  /** What the journal has of a container, once there are so many entries; in the order of their coming. */
  const entries = async (name: string, count: number): Promise<readonly Entry[]> => {
    let found: Entry[] = [];
    for (let tries = 0; tries < 200; tries++) {
      await host.run("journalctl", ["--sync"]);
      const read = ["--no-pager", "-q", "-o", "json", "--all", `CONTAINER_NAME=${name}`];
      const { stdout } = await host.run("journalctl", read);
      found = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Entry]));
      if (found.length >= count) break;
      await Bun.sleep(25);
    }
    return found;
  };
  const messages = async (name: string, count: number) =>
    (await entries(name, count)).map((each) => each["MESSAGE"]);

  beforeAll(async () => {
    host = scope.use(await ownHost({ mounts: true }));
    for (const folder of ["/run", "/var/log"]) await host.run("mount", ["-t", "tmpfs", "journal", folder]);
    engine = scope.use(await testEngine(host));
    await loadBusybox(engine);
  }, 60_000);
  afterAll(() => scope.disposeAsync(), 60_000);

  test("without a journal it is refused, when a container is made and when it starts", async () => {
    const refused = await engine.docker("create", "--log-driver", "journald", "busybox", "true");
    expect(refused.stderr).toContain("journald is not enabled on this host");
    await begin();
    scope.defer(() => end("SIGTERM"));
    await ok("create", "--name", "later", "--log-driver", "journald", "busybox", "true");
    await host.run("mv", ["/run/systemd/journal/socket", "/run/socket"]);
    expect((await engine.docker("start", "later")).stderr).toContain("journald is not enabled on this host");
    await host.run("mv", ["/run/socket", "/run/systemd/journal/socket"]);
    await ok("start", "later");
  }, 60_000);

  test("each line is an entry with what docker says of a container; docker logs reads our own log", async () => {
    const id = await ok(
      ...[
        "run",
        "-d",
        "--name",
        "web",
        "--log-driver",
        "journald",
        "-l",
        "com.example/rôle=a=b",
        "-e",
        "ZONE=one\ntwo",
      ],
      ...[
        "--log-opt",
        "labels=com.example/rôle",
        "--log-opt",
        "env=ZONE",
        "--log-opt",
        "tag={{.Name}}/{{ .ID }}",
      ],
      ...[
        "busybox",
        "sh",
        "-c",
        "echo out; sleep 0.2; echo; echo err >&2; sleep 0.2; printf 'tab\\there\\377'",
      ],
    );
    await ok("wait", "web");
    const [first, empty, err, last] = await entries("web", 4);
    expect(first).toMatchObject({
      MESSAGE: "out",
      PRIORITY: "6",
      CONTAINER_ID: id.slice(0, 12),
      CONTAINER_ID_FULL: id,
      CONTAINER_NAME: "web",
      CONTAINER_TAG: `web/${id.slice(0, 12)}`,
      SYSLOG_IDENTIFIER: `web/${id.slice(0, 12)}`,
      IMAGE_NAME: "busybox",
      COM_EXAMPLE_R_LE: "a=b",
      ZONE: "one two",
    });
    expect(first?.["CONTAINER_PARTIAL_MESSAGE"]).toBeUndefined();
    expect([empty?.["MESSAGE"], empty?.["PRIORITY"]]).toEqual(["", "6"]);
    expect([err?.["MESSAGE"], err?.["PRIORITY"]]).toEqual(["err", "3"]);
    // What is no UTF-8 is told as numbers.
    expect(Buffer.from(last?.["MESSAGE"] as readonly number[])).toEqual(
      Buffer.from("tab\there\xff", "latin1"),
    );
    expect((await engine.docker("logs", "web")).stdout).toBe("out\n\ntab\there\ufffd");
    const { LogPath, HostConfig } = JSON.parse(await ok("inspect", "web"))[0];
    expect([LogPath, HostConfig.LogConfig.Type]).toEqual(["", "journald"]);
  }, 60_000);

  test("a long line is several entries, and all of a loud program is there, whatever the socket's queue", async () => {
    const script = "head -c 40000 /dev/zero | tr '\\0' x; echo; seq 1 3000";
    await ok(
      "run",
      "--name",
      "loud",
      "--log-driver",
      "journald",
      "--log-opt",
      "cache-disabled=true",
      "busybox",
      "sh",
      "-c",
      script,
    );
    const all = await entries("loud", 3003);
    const long = all.slice(0, 3);
    expect(long.map((each) => (each["MESSAGE"] as string).length)).toEqual([
      16_384,
      16_384,
      40_000 - 2 * 16_384,
    ]);
    expect(long.map((each) => each["CONTAINER_PARTIAL_MESSAGE"])).toEqual(["true", "true", undefined]);
    expect(all.slice(3).map((each) => each["MESSAGE"])).toEqual(
      Array.from({ length: 3000 }, (_, i) => String(i + 1)),
    );
    expect((await engine.docker("logs", "loud")).stderr).toContain("does not support reading");
  }, 60_000);

  test("while the journal is gone the container goes on, and what was lost is counted", async () => {
    await ok("run", "-d", "--name", "lasting", "-i", "--log-driver", "journald", "busybox", "cat");
    const say = async (line: string) => {
      const said = await engine.dockerWith(
        { input: `${line}\n` },
        "exec",
        "-i",
        "lasting",
        "sh",
        "-c",
        "cat >/proc/1/fd/1",
      );
      expect(said.code).toBe(0);
      const heard = async () => (await engine.docker("logs", "lasting")).stdout;
      for (let tries = 0; !(await heard()).endsWith(`${line}\n`) && tries < 200; tries++) await Bun.sleep(10);
    };
    await say("before");
    expect(await messages("lasting", 1)).toEqual(["before"]);
    // Without a word: the socket's file stays, and nobody is behind it.
    await end("SIGKILL");
    await say("lost one");
    await say("lost two");
    await begin();
    await say("after");
    const shown = await messages("lasting", 3);
    expect(shown).toEqual([
      "before",
      "inro: 2 lines are missing here: the journal did not take them",
      "after",
    ]);
    expect((await engine.docker("logs", "lasting")).stdout).toBe("before\nlost one\nlost two\nafter\n");
  }, 60_000);

  test("other drivers and options are refused by name", async () => {
    const refused = async (...words: readonly string[]) =>
      (await engine.docker("create", ...words, "busybox", "true")).stderr;
    expect(await refused("--log-driver", "syslog")).toContain('no log driver is named "syslog"');
    expect(await refused("--log-driver", "gelf")).toContain('no log driver is named "gelf"');
    expect(await refused("--log-driver", "journald", "--log-opt", "max-size=1m")).toContain(
      "unknown log opt 'max-size'",
    );
    expect(await refused("--log-driver", "journald", "--log-opt", "tag={{.Nonsense}}")).toContain(
      "{{.Nonsense}}",
    );
  });
});
