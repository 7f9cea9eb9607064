import { describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { soon } from "../crash/killing.ts";
import { tarOf } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { build, lines, write } from "./building.ts";

/** The agent's protocol: 11 asks for its identities, and the comment of the last one ends the answer. */
const ASK = `#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main(int c, char **v) {
  struct sockaddr_un a = {AF_UNIX};
  char b[4096];
  int n = 0, s = socket(AF_UNIX, SOCK_STREAM, 0);
  strcpy(a.sun_path, v[1]);
  if (connect(s, (void *)&a, sizeof a) || write(s, "\\0\\0\\0\\1\\13", 5) != 5) return 1;
  while (n < 11 || memcmp(b + n - 11, "of-the-test", 11)) {
    int r = read(s, b + n, sizeof b - n);
    if (r <= 0) return 2;
    n += r;
  }
  return puts("of-the-test") < 0;
}
`;

describe.skipIf(engineMissing)("mounts of a RUN", () => {
  const cli = cliEngine();
  const made = async (...all: string[]) => {
    const done = await build(cli.engine, { Dockerfile: lines("FROM busybox", ...all), f: "context" });
    expect(done.error).toBe("");
    return done;
  };
  const output = async (...all: string[]) => (await made(...all)).output;
  const layers = async (image: string) =>
    (JSON.parse(await cli.out("inspect", image))[0] as { RootFS: { Layers: string[] } }).RootFS.Layers;
  const own = async (image: string) => (await layers(image)).length - (await layers("busybox")).length;

  test("leave nothing where they were, and no folder's time is changed", async () => {
    const mounts = [
      "--mount=type=tmpfs,target=/opt/deep/er",
      "--mount=type=cache,target=/link/cache",
      "--mount=type=bind,target=/link/file,source=f",
      "--mount=type=bind,target=/var/tree",
    ];
    const { image } = await made(
      "RUN mkdir -p /real /opt /var && ln -s /real /link && touch -d @1000 /real /opt /var",
      `RUN ${mounts.join(" ")} cat /real/file && mount | grep -c -e /real -e /opt/deep -e /var/tree`,
    );
    expect(await own(image)).toBe(1);
    const look = "stat -c '%n %Y' /real /opt /var; ls -A /real /opt /var";
    expect(await cli.out("run", "--rm", "--network", "none", image, "sh", "-c", look)).toBe(
      "/real 1000\n/opt 1000\n/var 1000\n/opt:\n\n/real:\n\n/var:\n",
    );
    // What a step writes beside a mount stays, and the mount does not.
    const beside = await made("RUN --mount=type=tmpfs,target=/a/b/c touch /a/b/c/no /a/b/yes");
    expect(await cli.out("run", "--rm", "--network", "none", beside.image, "busybox", "find", "/a")).toBe(
      "/a\n/a/b\n/a/b/yes\n",
    );
  });

  test("a cache shared is one folder; locked, one step at a time; private, one for each", async () => {
    const at = (sharing: string, id: string, script: string) =>
      `RUN --mount=type=cache,target=/c,id=${id},sharing=${sharing} ${script}`;
    const meet = (name: string, other: string) =>
      `touch /c/${name}; for i in $(seq 50); do [ -e /c/${other} ] && exit 0; sleep 0.1; done; exit 1`;
    const two = (first: string, second: string) => [
      ...["AS a", first, "FROM busybox AS b", second, "FROM busybox"],
      ...["COPY --from=a /bin/sh /a", "COPY --from=b /bin/sh /b"],
    ];
    const run = ([first = "", ...rest]: string[]) =>
      build(cli.engine, { Dockerfile: lines(`FROM busybox ${first}`, ...rest) });
    const shared = await run(two(at("shared", "s", meet("x", "y")), at("shared", "s", meet("y", "x"))));
    expect(shared.error).toBe("");
    const alone = (n: number) => `mkdir /c/held && sleep 0.5 && rmdir /c/held && echo ${n}`;
    const locked = await run(two(at("locked", "l", alone(1)), at("locked", "l", alone(2))));
    expect(locked.error).toBe("");
    const own = (n: number) => `[ -z "$(ls -A /c)" ] && touch /c/${n} && sleep 1`;
    const each = await run(two(at("private", "p", own(1)), at("private", "p", own(2))));
    expect(each.error).toBe("");
    // Who comes later takes one that is free.
    expect(await output(at("private", "p", "ls -A /c | wc -l"))).toBe("1\n");
  });

  test("a step that waits for a locked cache gives up when its build does", async () => {
    const step = (text: string) =>
      lines("FROM busybox", `RUN --mount=type=cache,target=/c,id=wait,sharing=locked ${text}`);
    const first = build(cli.engine, { Dockerfile: step("while [ ! -e /c/go ]; do sleep 0.05; done") });
    const folder = join(cli.engine.dataRoot, "build/mounts");
    const mount = () =>
      readdirSync(folder).find((name) => {
        const record = join(folder, name, "record.json");
        return existsSync(record) && spawnSync("grep", ["-q", '"id":"wait"', record]).status === 0;
      });
    await soon(async () => mount() !== undefined, true);
    const given = new AbortController();
    const second = build(cli.engine, { Dockerfile: step("echo second") }, {}, {}, given.signal);
    second.catch(() => {});
    const steps = () => readdirSync(join(cli.engine.dataRoot, "steps")).length;
    await soon(async () => steps(), 2);
    given.abort();
    await expect(second).rejects.toThrow();
    await soon(async () => steps(), 1);
    await Bun.write(join(folder, mount() ?? "", "data/go"), "");
    expect((await first).error).toBe("");
    expect((await build(cli.engine, { Dockerfile: step("echo third") })).output).toBe("third\n");
  });

  test("a cache begins with what it is told, has an owner and a mode, and can be read only", async () => {
    expect(
      await output(
        "RUN mkdir /seed && echo s > /seed/file",
        "FROM busybox",
        "RUN --mount=type=cache,target=/c,id=seeded,from=0,source=/seed,uid=7,gid=8,mode=0750 stat -c '%u %g %a' /c; cat /c/file; echo t > /c/file",
        "RUN --mount=type=cache,target=/c,id=seeded,from=0,source=/seed,readonly cat /c/file; touch /c/no 2>&1 || echo refused",
      ),
    ).toMatch(/^7 8 750\ns\nt\ntouch: .*Read-only file system\nrefused\n$/);
  });

  test("what is written to a bind mount is thrown away; without rw nothing can be", async () => {
    expect(
      await output(
        "RUN --mount=type=bind,target=/in,rw echo more >> /in/f; echo new > /in/g; cat /in/f; ls /in",
        "RUN --mount=type=bind,target=/in cat /in/f; echo; ls /in; touch /in/no 2>&1 || echo refused",
      ),
    ).toMatch(/^contextmore\nDockerfile\nf\ng\ncontext\nDockerfile\nf\ntouch: .*Read-only.*\nrefused\n$/);
  });

  test("an empty tree can be mounted", async () => {
    const mounts = ["ro", "rw"].map((way) => `--mount=type=bind,from=empty,target=/${way},${way}`);
    expect(
      await output(
        "FROM scratch AS empty",
        "FROM busybox",
        `RUN ${mounts.join(" ")} ls -A /ro; touch /rw/x; ls /rw`,
      ),
    ).toContain("x\n");
  });

  test("memory is as large as it is asked to be", async () => {
    expect(
      await output(
        "RUN --mount=type=tmpfs,target=/t,size=1m df -k /t | tail -1 | tr -s ' ' | cut -d ' ' -f 2; dd if=/dev/zero of=/t/f bs=1k count=2000 2>&1 | grep -c 'No space'",
      ),
    ).toBe("1024\n1\n");
  });

  test("nothing is mounted over the root", async () => {
    const { error } = await build(cli.engine, {
      Dockerfile: lines("FROM busybox", "WORKDIR /w", "RUN --mount=type=tmpfs,target=.. true"),
    });
    expect(error).toContain("mount");
    expect(error).toContain("/");
  });

  test.skipIf(Bun.which("ssh-agent") === null)(
    "an SSH agent answers the step's user, and is left alone",
    async () => {
      using folder = temporaryFolder("agent");
      const socket = join(folder.path, "agent");
      const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
      try {
        await soon(async () => existsSync(socket), true);
        const key = join(folder.path, "key");
        spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "of-the-test", "-f", key]);
        const env = { ...process.env, SSH_AUTH_SOCK: socket };
        expect(spawnSync("ssh-add", ["-q", key], { env }).status).toBe(0);
        write(folder.path, {
          "in/ask.c": ASK,
          "in/Dockerfile": lines(
            ...["FROM busybox", "USER 1000"],
            "RUN --mount=type=ssh,uid=1000,mode=0600 stat -c '%u %a' $SSH_AUTH_SOCK",
            "RUN --mount=type=ssh,uid=1000 --mount=type=bind,target=/in /in/ask $SSH_AUTH_SOCK",
          ),
        });
        const program = join(folder.path, "in/ask");
        expect(spawnSync(process.env["CC"] ?? "cc", ["-static", "-o", program, `${program}.c`]).status).toBe(
          0,
        );
        const ssh = JSON.stringify({ default: socket });
        const done = await build(cli.engine, tarOf(join(folder.path, "in")), { ssh });
        expect(done.error).toBe("");
        expect(done.output).toBe("1000 600\nof-the-test\n");
        const missing = await build(cli.engine, {
          Dockerfile: lines("FROM busybox", "RUN --mount=type=ssh,required true"),
        });
        expect(missing.error).toContain('the SSH agent "default"');
        mkdirSync(join(cli.engine.execRoot, "build"), { recursive: true });
        expect(readdirSync(join(cli.engine.execRoot, "build"))).toEqual([]);
      } finally {
        // It removes its own socket from the folder.
        const gone = new Promise((resolve) => agent.once("exit", resolve));
        agent.kill();
        await gone;
      }
    },
  );
});
