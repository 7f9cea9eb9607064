import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive, busyboxMissing } from "../clients/busybox.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { linesOf } from "../support/lines.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = join(import.meta.dir, "../..");
const activate = Bun.which("systemd-socket-activate");
const python = "/usr/bin/python3";

test.skipIf(Bun.which("systemd-analyze") === null)("systemd has nothing to say against the units", () => {
  using folder = temporaryFolder("units");
  const files = ["inro.service", "inro.socket"].map((name) => join(folder.path, name));
  for (const file of files) {
    copyFileSync(join(root, "packaging", file.replace(/.*\//, "")), file);
    writeFileSync(file, readFileSync(file, "utf8").replace("/usr/bin/inro", join(root, "build/inro")));
  }
  const { exitCode, stderr } = Bun.spawnSync(["systemd-analyze", "verify", "--man=no", ...files]);
  expect({ exitCode, said: stderr.toString() }).toEqual({ exitCode: 0, said: "" });
});

describe.skipIf(rootMissing || busyboxMissing)("under a service manager", () => {
  const scope = new AsyncDisposableStack();
  let host: Host;
  let engine: TestEngine;
  let daemon: ChildProcess | undefined;

  beforeAll(async () => {
    host = scope.use(await ownHost());
    engine = scope.use(await testEngine(host));
    await engine.kill();
  }, 60_000);
  afterAll(() => scope.disposeAsync(), 60_000);

  /** The daemon's command line; it is ended when the scope is. */
  const serve = (program: string, words: readonly string[], env: Record<string, string> = {}) => {
    const [executable = "", ...places] = engine.command;
    const started = host.spawn(program, [...words, executable, "serve", ...places], {
      stdio: ["ignore", "pipe", "inherit"],
      env,
    });
    daemon = started;
    return {
      started,
      [Symbol.asyncDispose]: async () => {
        if (started.exitCode === null && started.signalCode === null) {
          const ended = once(started, "exit");
          started.kill("SIGTERM");
          await ended;
        }
        daemon = undefined;
      },
    };
  };

  test.skipIf(activate === null)(
    "it serves the socket that systemd made, through it uploads, attached streams and half-closes, and leaves it there",
    async () => {
      await using _ = serve(activate ?? "", ["--listen", engine.socket]);
      // The first client that is let in starts it: a socket is there a moment before it listens.
      const first = () => engine.docker("version", "--format", "{{.Server.Os}}");
      let answer = await first();
      for (let tries = 0; answer.code !== 0 && tries < 200; tries++) {
        await Bun.sleep(25);
        answer = await first();
      }
      expect(answer.stdout).toBe("linux\n");
      const loaded = await engine.dockerWith({ input: busyboxArchive() }, "load");
      expect(loaded).toMatchObject({ code: 0, stderr: "" });
      const much = "a line\n".repeat(100_000);
      const ran = await engine.dockerWith(
        { input: much },
        ...["run", "--rm", "-i", "--network", "none", "busybox", "sh", "-c", "cat; exit 3"],
      );
      expect({ code: ran.code, same: ran.stdout === much }).toEqual({ code: 3, same: true });
      expect((await engine.inro("run", "--rm", "--network", "none", "busybox", "env")).stdout).not.toContain(
        "LISTEN_",
      );
      daemon?.kill("SIGTERM");
      await once(daemon as ChildProcess, "exit");
      expect(existsSync(engine.socket)).toBe(true);
    },
    60_000,
  );

  test.skipIf(!existsSync(python))(
    "it tells when it serves, and when it goes",
    async () => {
      using folder = temporaryFolder("notify");
      const socket = join(folder.path, "notify");
      const receiver = Bun.spawn(
        [
          python,
          "-c",
          [
            "import socket, sys",
            "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)",
            "s.bind(sys.argv[1])",
            "print('bound', flush=True)",
            "for _ in range(2): print(s.recv(100).decode(), flush=True)",
          ].join("\n"),
          socket,
        ],
        { stdout: "pipe" },
      );
      const lines = linesOf(receiver.stdout);
      expect((await lines.next()).value).toBe("bound");
      {
        await using _ = serve("env", [], { NOTIFY_SOCKET: socket });
        expect((await lines.next()).value).toBe("READY=1");
        expect((await engine.docker("version", "--format", "{{.Server.Os}}")).stdout).toBe("linux\n");
      }
      expect((await lines.next()).value).toBe("STOPPING=1");
      expect(await receiver.exited).toBe(0);
    },
    60_000,
  );

  test("sockets that were handed to another process are not taken", async () => {
    await using _ = serve("env", ["LISTEN_PID=1", "LISTEN_FDS=1"]);
    for (let tries = 0; tries < 200; tries++) {
      if ((await engine.docker("version")).code === 0) break;
      await Bun.sleep(25);
    }
    expect((await engine.docker("version", "--format", "{{.Server.Os}}")).stdout).toBe("linux\n");
  }, 60_000);
});
