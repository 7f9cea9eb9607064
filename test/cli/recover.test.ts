import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { ownHost } from "../support/host.ts";
import { cliEngine, engineMissing } from "./engine.ts";
import { flagsAndProgram, made, sets } from "./recover-sets.ts";

describe.skipIf(engineMissing)("inspect --as", () => {
  const cli = cliEngine(ownHost);
  const { out } = cli;
  /** A line as a shell reads it, with `inro` as this engine's command line. */
  const shell = async (line: string) => {
    const script = `inro() { "$@"; }; set -e; ${line.replace(/^inro run( -d)?/, 'exec "$@" create')}`;
    const child = Bun.spawn(["sh", "-c", script, "sh", ...cli.engine.command], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [code, stderr] = [await child.exited, await new Response(child.stderr).text()];
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: "" });
  };

  beforeAll(async () => {
    await out("network", "create", "--subnet", "10.99.1.0/24", "one");
    await out("network", "create", "two");
    await out("run", "-d", "--init", "--name", "friend", "busybox", "sleep", "6000");
  }, 60_000);
  afterEach(async () => {
    const ids = (await out("ps", "-aq", "-f", "since=friend")).split("\n").filter(Boolean);
    if (ids.length > 0) await out("rm", "-f", "-v", ...ids);
  });

  test.each(sets)(
    "run makes the same container again: %s",
    async (_title, line) => {
      const [flags, program] = flagsAndProgram(line);
      await shell(`inro run --name again ${flags} ${program}`);
      const record = async () => made(JSON.parse(await out("inspect", "again"))[0]);
      const before = await record();
      const recovered = await out("inspect", "--as", "run", "again");
      await out("rm", "-f", "again");
      await shell(recovered);
      expect(await record()).toEqual(before);
      expect(await out("inspect", "--as", "run", "again")).toBe(recovered);
    },
    30_000,
  );

  test("says only what differs from the image and the defaults, and breaks a long line", async () => {
    await out("run", "-d", "--name", "short", "-p", "8000:80", "-e", "A=it's", "busybox", "sleep", "600");
    expect(await out("inspect", "--as", "run", "short")).toBe(
      `inro run -d --name short -e 'A=it'\\''s' -p 8000:80 busybox sleep 600\n`,
    );
    await out("run", "-d", "--name", "image", "busybox");
    expect(await out("container", "inspect", "--as", "run", "image")).toBe(
      "inro run -d --name image busybox\n",
    );
    await out(
      "create",
      "--name",
      "long",
      "-v",
      "/a/rather/long/path/of/the/host:/to/another",
      "-m",
      "64m",
      "-l",
      "label=value",
      "busybox",
      "sleep",
      "600",
    );
    expect(await out("inspect", "--as", "run", "long")).toBe(
      `${[
        "inro run",
        "--name long",
        "-l label=value",
        "-v /a/rather/long/path/of/the/host:/to/another",
        "-m 67108864",
        "busybox sleep 600",
      ].join(" \\\n  ")}\n`,
    );
    for (const [words, why] of [
      [["--as", "json", "short"], "neither run nor compose"],
      [["--as", "run", "-f", "{{.Id}}", "short"], "exclude each other"],
      [["--as", "run", "busybox"], "No such container"],
    ] as const)
      expect((await cli.inro("inspect", ...words)).stderr).toContain(why);
  }, 30_000);

  test("compose is YAML with what a service says", async () => {
    const flags = [
      ...["-p", "8000:80", "-e", "A=b$c", "-l", "x=y", "-v", "data:/data", "-v", "/tmp:/tmp:ro", "-m", "64m"],
      ...["--network", "one", "--network-alias", "db", "--ip", "10.99.1.9", "--restart", "on-failure:3"],
      ...["--ulimit", "nofile=10:20", "--health-cmd", "true", "--health-interval", "90s", "--cpus", "1.5"],
      ...[
        "--log-opt",
        "max-size=1m",
        "--read-only",
        "--stop-timeout",
        "3",
        "--sysctl",
        "net.core.somaxconn=100",
      ],
      ...[
        "--mount",
        "type=bind,source=/tmp,target=/more,bind-recursive=disabled",
        "--health-on-failure",
        "kill",
      ],
    ];
    await out("create", "--name", "svc", ...flags, "busybox", "sh", "-c", "echo: $HOME; # no");
    const text = await out("inspect", "--as", "compose", "svc");
    expect(text).toStartWith(
      "# not in Compose: --health-on-failure kill\nservices:\n  svc:\n    image: busybox\n",
    );
    expect(Bun.YAML.parse(text)).toEqual({
      services: {
        svc: {
          image: "busybox",
          command: ["sh", "-c", "echo: $$HOME; # no"],
          container_name: "svc",
          environment: ["A=b$$c"],
          labels: { x: "y" },
          stop_grace_period: "3s",
          healthcheck: { test: "true", interval: "90s" },
          volumes: [
            "data:/data",
            "/tmp:/tmp:ro",
            { type: "bind", source: "/tmp", target: "/more", bind: { recursive: "disabled" } },
          ],
          read_only: true,
          mem_limit: 67108864,
          cpus: 1.5,
          ulimits: { nofile: { soft: 10, hard: 20 } },
          ports: ["8000:80"],
          networks: { one: { aliases: ["db"], ipv4_address: "10.99.1.9" } },
          sysctls: { "net.core.somaxconn": "100" },
          restart: "on-failure:3",
          logging: { options: { "max-size": "1m" } },
        },
      },
      networks: { one: { external: true } },
      volumes: { data: { external: true } },
    });
  }, 30_000);
});
