import { afterEach, describe, expect, test } from "bun:test";
import type { Files } from "../build/building.ts";
import { emptied } from "../compose/project.ts";
import { ownHost } from "../support/host.ts";
import { registry, registryMissing } from "../support/registry.ts";
import { busyboxTar } from "./busybox.ts";
import { compose2Missing } from "./compose-2.ts";
import { composeProject } from "./compose-project.ts";
import { dockerEngine } from "./docker.ts";

const stays = (more: string) => `{ image: busybox, command: sleep 600, stop_signal: SIGKILL, ${more} }`;

/** A service that says what it has and ends. */
const says = (script: string, more: string) => `{ image: busybox, command: [sh, -c, '${script}'], ${more} }`;

describe.skipIf(compose2Missing)("docker compose v2: what is set holds", () => {
  const it = dockerEngine(ownHost);
  afterEach(() => emptied(it.engine));
  const project = (compose: string, files: Files = {}) => composeProject(it, compose, files);
  const env = { WORD: "of the environment" };

  /** What a service printed when it had ended. */
  const said = async (name: string) => {
    await it.ok("wait", name);
    return (await it.docker("logs", name)).stdout;
  };

  test("secrets and configs: of files, the environment and texts, with owner and mode", async () => {
    const look =
      'cat /run/secrets/file /run/secrets/word /text /etc/renamed; stat -c "%a %u:%g" /run/secrets/mine /text';
    using p = project(
      `
services:
  web: ${says(look.replaceAll("'", ""), "secrets: [file, word, { source: word, target: mine, uid: '1', gid: '2', mode: 0o400 }], configs: [text, { source: given, target: /etc/renamed }]")}
secrets: { file: { file: ./secret }, word: { environment: WORD } }
configs: { text: { content: "inline \${WORD}\\n" }, given: { file: ./given.conf } }
`,
      { secret: "of the file\n", "given.conf": "config\n" },
    );
    expect((await p.composeWith(env, "up", "-d")).code).toBe(0);
    expect(await said("p-web-1")).toBe(
      "of the file\nof the environmentinline of the environment\nconfig\n400 1:2\n444 0:0\n",
    );
  });

  test("tmpfs, sysctls, ulimits, init, hosts, limits, users: as the program sees them", async () => {
    const look = [
      "stat -f -c %s:%b /scratch",
      "cat /proc/sys/net/core/somaxconn",
      "ulimit -n; ulimit -Hn",
      "head -c 4 /proc/1/comm; echo",
      "cat /etc/hosts /etc/resolv.conf",
      "hostname; id -u; id -g",
      "cat /proc/self/oom_score_adj; ls /dev/nothing",
      "touch /readonly",
    ].join("; ");
    using p = project(`
services:
  web:
    image: busybox
    command: [sh, -c, "${look}"]
    tmpfs: "/scratch:size=64k"
    sysctls: { net.core.somaxconn: 321 }
    ulimits: { nofile: { soft: 111, hard: 222 } }
    extra_hosts: ["there.test:10.1.2.3"]
    dns: [9.9.9.9]
    dns_search: [search.test]
    hostname: given
    user: "7:8"
    oom_score_adj: 100
    devices: ["/dev/null:/dev/nothing"]
    read_only: true
    mem_limit: 64m
`);
    await p.ok("up", "-d");
    const lines = (await said("p-web-1")).split("\n");
    for (const line of [
      "4096:16",
      "321",
      "111",
      "222",
      "given",
      "7",
      "8",
      "100",
      "/dev/nothing",
      "10.1.2.3\tthere.test",
    ])
      expect(lines).toContain(line);
    expect(lines.some((line) => line.startsWith("search search.test"))).toBe(true);
    expect((await it.docker("logs", "p-web-1")).stderr).toContain("Read-only file system");
    expect((await it.inspect("container", "p-web-1")).HostConfig.Memory).toBe(64 << 20);
  });

  test("services find each other by name, alias, link and static address, in networks of their own alone", async () => {
    const serve = "sh -c 'cat /etc/hostname > /page; exec sleep 600'";
    using p = project(`
services:
  site:
    image: busybox
    command: ${serve}
    stop_signal: SIGKILL
    hostname: box
    networks: { back: { ipv4_address: 10.88.5.5, aliases: [alias.test] }, front: {} }
  apart: ${stays("networks: [front]")}
networks:
  front: { internal: true }
  back: { ipam: { config: [{ subnet: 10.88.5.0/24 }] } }
`);
    await p.ok("up", "-d");
    const network = (await it.inspect("container", "p-site-1")).NetworkSettings.Networks;
    expect(network.p_back).toMatchObject({
      IPAddress: "10.88.5.5",
      Aliases: ["p-site-1", "site", "alias.test"],
    });
    const hosts = async (name: string) => (await it.inspect("network", name)).Containers;
    expect(Object.values(await hosts("p_front"))).toHaveLength(2);
    expect(Object.values(await hosts("p_back"))).toMatchObject([
      { Name: "p-site-1", IPv4Address: "10.88.5.5/24" },
    ]);
  });

  test("network_mode, pid and ipc of another service, of a container, none and host", async () => {
    await it.ok("run", "-d", "--name", "outsider", "--hostname", "outside", "busybox", "sleep", "600");
    using p = project(`
services:
  base: ${stays("hostname: base, ipc: shareable")}
  beside: ${says("hostname; readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; ps", "network_mode: 'service:base', pid: 'service:base', ipc: 'service:base'")}
  other: ${says("hostname", "network_mode: 'container:outsider'")}
  none: ${says("ls /sys/class/net", "network_mode: none")}
  host: ${says("readlink /proc/self/ns/net", "network_mode: host")}
`);
    await p.ok("up", "-d");
    const beside = await said("p-beside-1");
    expect(beside).toMatch(/^base\n/);
    expect(beside).toContain("sleep 600");
    const own = await it.ok(
      "exec",
      "p-base-1",
      "sh",
      "-c",
      "readlink /proc/self/ns/net; readlink /proc/self/ns/ipc",
    );
    expect(beside).toContain(own);
    expect(await said("p-other-1")).toBe("outside\n");
    expect(await said("p-none-1")).toBe("lo\n");
    expect(await said("p-host-1")).toBe((await it.host.run("readlink", ["/proc/self/ns/net"])).stdout);
  });

  test("ports: ranges, one address, a port that is taken", async () => {
    using p = project(`
services:
  web: ${stays("ports: ['127.0.0.1:8080-8081:80-81', '9000-9010:90'], scale: 1")}
  also: ${stays("ports: ['127.0.0.1:8080:80']")}
`);
    await p.ok("up", "-d", "web");
    expect(await p.ok("port", "web", "81")).toBe("127.0.0.1:8081\n");
    expect(await p.ok("port", "web", "90")).toMatch(/:90(0\d|10)\n$/);
    const clash = await p.compose("up", "-d", "also");
    expect(clash.code).toBe(1);
    expect(clash.stderr).toContain("port is already allocated");
    await p.ok("stop", "-t", "0", "web");
    await p.ok("up", "-d", "also");
  });

  test("volumes: data of the image, shared between services, options, binds that are made", async () => {
    using p = project(
      `
services:
  writes: ${says("echo one > /data/file; echo two > /made/file; cat /given/file", 'volumes: ["shared:/data", "./made/deep:/made", "./given:/given:ro"]')}
  reads: ${says("cat /data/file; touch /data/file", 'volumes: ["shared:/data:ro"], depends_on: { writes: { condition: service_completed_successfully } }')}
volumes: { shared: { name: named-volume, labels: { a: b }, driver_opts: { type: tmpfs, device: tmpfs, o: size=1m } } }
`,
      { "given/file": "given\n" },
    );
    await p.ok("up", "-d");
    expect(await said("p-writes-1")).toBe("given\n");
    await it.ok("wait", "p-reads-1");
    expect((await it.docker("logs", "p-reads-1")).stderr).toContain("Read-only file system");
    expect(await Bun.file(`${p.path}/made/deep/file`).text()).toBe("two\n");
    expect(await it.inspect("volume", "named-volume")).toMatchObject({
      Labels: { a: "b", "com.docker.compose.project": "p", "com.docker.compose.volume": "shared" },
      Options: { type: "tmpfs", device: "tmpfs", o: "size=1m" },
    });
  });

  test("build: by the classic builder when DOCKER_BUILDKIT=0; else it wants BuildKit, which is not spoken yet", async () => {
    using p = project(
      `
services:
  web:
    build: { context: ./site, dockerfile: Other, args: { WORD: given }, labels: { by: compose }, target: first, tags: [built/also:1] }
    image: built/web:1
  plain: { build: ./site, command: cat /page }
`,
      {
        "site/Dockerfile": "FROM busybox\nCOPY page /page\n",
        "site/Other":
          "FROM busybox AS first\nARG WORD\nRUN echo $WORD > /word\nCMD cat /word\nFROM first\nRUN exit 1\n",
        "site/page": "one\n",
      },
    );
    expect(await p.ok("build")).toContain("Successfully tagged built/web:1\n");
    expect((await it.inspect("image", "built/also:1")).Config.Labels).toMatchObject({
      by: "compose",
      "com.docker.compose.image.builder": "classic",
    });
    await p.ok("up", "-d");
    expect(await said("p-web-1")).toBe("given\n");
    expect(await said("p-plain-1")).toBe("one\n");
    p.write({ "site/page": "two\n" });
    await p.ok("up", "-d", "--build", "plain");
    expect(await said("p-plain-1")).toBe("two\n");
    p.write({ "site/Dockerfile": "FROM busybox\nRUN exit 5\n" });
    expect(await p.compose("build", "plain")).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("The command '/bin/sh -c exit 5' returned a non-zero code: 5"),
    });
    expect(await p.composeWith({ DOCKER_BUILDKIT: "" }, "build", "web")).toMatchObject({
      code: 17,
      stdout: expect.stringContaining("pulling image moby/buildkit"),
    });
    await p.ok("down", "-t", "0", "--rmi", "all");
    expect(await it.ok("images", "-q", "built/web")).toBe("");
  }, 120_000);

  test.skipIf(registryMissing)(
    "pull, push, up --pull, pull_policy, images that are nowhere",
    async () => {
      await using shop = await registry(it.host);
      const image = await shop.push("tools/box:1", {
        layers: [busyboxTar()],
        config: { Cmd: ["echo", "pulled"] },
      });
      using p = project(
        `
services:
  web: { image: "${image}" }
  pushed: { image: "${shop.address}/own/box:2", build: { context: . } }
  nowhere: { image: "${shop.address}/tools/nothing:1" }
  never: { image: "${shop.address}/tools/other:1", pull_policy: never }
`,
        { Dockerfile: "FROM busybox\nCMD echo built\n" },
      );
      await p.ok("pull", "web");
      await p.ok("up", "-d", "web");
      expect(await said("p-web-1")).toBe("pulled\n");
      await it.ok("rm", "-f", "p-web-1");
      await it.ok("rmi", image);
      await p.ok("up", "-d", "--pull", "always", "web");
      const other = await shop.push("tools/box:1", {
        layers: [busyboxTar()],
        config: { Cmd: ["echo", "newer"] },
      });
      expect(other).toBe(image);
      await p.ok("up", "-d", "--pull", "always", "web");
      expect(await said("p-web-1")).toBe("newer\n");
      await p.ok("build", "pushed");
      await p.ok("push", "pushed");
      await it.ok("rmi", `${shop.address}/own/box:2`);
      await p.ok("pull", "pushed");
      expect(await p.compose("up", "-d", "nowhere")).toMatchObject({
        code: 18,
        stderr: expect.stringContaining("tools/nothing"),
      });
      expect(await p.compose("pull", "--ignore-pull-failures", "nowhere")).toMatchObject({ code: 0 });
      expect(await p.compose("up", "-d", "never")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("No such image"),
      });
    },
    120_000,
  );
});
