import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { ownHost } from "../support/host.ts";
import { cliEngine, engineMissing } from "./engine.ts";

/** Flag sets as people write them; behind `--` the image and its command, where they differ from `busybox sleep 600`. */
const sets: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  [
    "program",
    "-e A=1 -e 'B=x y$z' -e PATH -w /tmp -u 1:2 --hostname h --domainname d -- busybox sh -c 'echo \"$A\"; exec sleep 600'",
  ],
  ["entrypoint", "--entrypoint sleep -- busybox 600"],
  ["terminal", "-it --init --stop-signal INT --stop-timeout 3"],
  ["labels", "-l a=b -l 'c=it'\\''s' -l made.by=me --annotation x=y"],
  [
    "mounts",
    "-v /tmp:/a:ro,rslave -v data:/b -v /anonymous --tmpfs /t:size=64m,noexec --tmpfs /u --read-only --shm-size 1m",
  ],
  [
    "long mounts",
    "--mount type=bind,source=/tmp,target=/a,readonly --mount type=volume,source=more,target=/b,volume-nocopy,volume-label=k=v --mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770,readonly",
  ],
  ["memory", "-m 64m --memory-reservation 32m --memory-swap -1 --oom-score-adj 100"],
  ["swap", "-m 64m --memory-swap 100m --ulimit nofile=100:200 --ulimit core=0 --pids-limit 20"],
  ["processors", "--cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --blkio-weight 300"],
  ["quota", "--cpu-period 50000 --cpu-quota 25000"],
  [
    "ports",
    "-p 8000:80 -p 127.0.0.1::81/udp -p 8100-8110:82 -p 9000-9002:9000-9002 -p '[::1]:8083:83' --expose 7000 --expose 7001/udp",
  ],
  ["all ports", "-P --expose 80 --network-bandwidth in=10mbit,out=20kbit"],
  ["no network", "--network none --dns 1.1.1.1 --dns-search x.y --dns-option ndots:2 --add-host a:1.2.3.4"],
  ["host", "--network host --pid host --ipc host --uts host --cgroupns host"],
  ["own networks", "--network one --network-alias n --ip 10.99.1.7 --network name=two,alias=m"],
  ["priority", "--network name=one,gw-priority=3,alias=x --network two"],
  [
    "capabilities",
    "--cap-add NET_ADMIN --cap-drop ALL --security-opt no-new-privileges --security-opt seccomp=unconfined --group-add 5",
  ],
  ["privileged", "--privileged"],
  [
    "open",
    "--security-opt systempaths=unconfined --sysctl net.ipv4.ip_forward=0 --device /dev/null:/dev/nothing:r --device /dev/zero --device-cgroup-rule 'c 13:* rwm'",
  ],
  ["what there is one of", "--runtime runc --userns host --ipc shareable"],
  ["life", "--restart on-failure:3 --log-driver local --log-opt max-size=1m --log-opt max-file=2"],
  ["gone with its end", "--rm --restart no --log-driver none"],
  [
    "health",
    "--health-cmd 'test -e /x' --health-interval 1m30s --health-retries 5 --health-start-period 500ms --health-on-failure kill",
  ],
  ["no health", "--no-healthcheck"],
  ["attached", "-i -a stdin -a stderr"],
];

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
  }, 60_000);
  afterEach(async () => {
    const ids = (await out("ps", "-aq")).split("\n").filter(Boolean);
    if (ids.length > 0) await out("rm", "-f", "-v", ...ids);
  });

  test.each(sets)(
    "run makes the same container again: %s",
    async (_title, line) => {
      const [flags = "", program = "busybox sleep 600"] = line.split(/(?:^| )-- /);
      await shell(`inro run --name again ${flags} ${program}`);
      const record = async () => {
        const [found] = JSON.parse(await out("inspect", "again"));
        const { Id, Config, HostConfig, NetworkSettings, Path, Args, Name } = found;
        const networks = Object.entries(NetworkSettings.Networks as Record<string, { IPAMConfig: object }>);
        const endpoints = networks.map(
          ([name, { IPAMConfig, Aliases, GwPriority }]: [string, Record<string, unknown>]) => [
            name,
            { IPAMConfig, Aliases, GwPriority },
          ],
        );
        const hostname = String(Config.Hostname).replace(Id.slice(0, 12), "");
        return { Config: { ...Config, Hostname: hostname }, HostConfig, Path, Args, Name, endpoints };
      };
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
