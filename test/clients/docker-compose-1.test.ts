import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { write } from "../build/building.ts";
import { type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolRoot } from "../support/tools.ts";
import { loadBusybox } from "./busybox.ts";
import { engineMissing } from "./docker.ts";
import { dockerCompose } from "./python.ts";

const project = (version: string) => `
version: "${version}"
services:
  web:
    image: busybox
    command: sh -c 'echo served > /data/page; echo web is up; exec sleep 600'
    stop_signal: SIGKILL
    volumes: ["kept:/data"]
    networks: { back: { aliases: [site] } }
    ports: ["127.0.0.1::80"]
    labels: { a: b }
  asks:
    image: busybox
    command: sh -c 'until test -s /data/page; do sleep 0.05; done; cat /data/page; cat /etc/hostname'
    hostname: asking
    depends_on: [web]
    environment: { A: b }
    volumes: ["kept:/data:ro"]
    networks: [back]
volumes: { kept: {} }
networks: { back: { driver: bridge } }
`;

const built = `
version: "3.7"
services:
  web:
    build:
      context: ./site
      dockerfile: Other
      args: { WORD: given }
      labels: { by: compose }
      target: first
      network: none
      shm_size: 16m
    image: built/web:1
  plain:
    build: ./site
`;

/** Settings that the first one lacks; `ends` is the network's owner. */
const old = `
version: "3.7"
services:
  web:
    image: busybox
    command: sh -c 'echo up; exec sleep 600'
    stop_signal: SIGKILL
    depends_on: [ends]
    healthcheck: { test: "exit 0", interval: 100ms }
    secrets: [word]
    volumes: [/data]
    network_mode: "service:ends"
  ends:
    image: busybox
    command: sleep 600
    stop_signal: SIGKILL
    tmpfs: /scratch
    sysctls: { net.core.somaxconn: 321 }
    extra_hosts: ["there.test:10.1.2.3"]
    logging: { driver: json-file, options: { max-size: 1m } }
secrets: { word: { file: ./word } }
`;

describe.skipIf(engineMissing || toolRoot("docker-compose") === undefined)("docker-compose 1.29", () => {
  const composing = (host: Host, engine: TestEngine, file: string) => {
    const run = dockerCompose(host, engine, "old");
    return (...words: string[]) => run("-f", file, ...words);
  };
  /** Standard output of what has to succeed. */
  const succeeding =
    (compose: ReturnType<typeof composing>) =>
    async (...words: string[]) => {
      const { code, stdout, stderr } = await compose(...words);
      if (code !== 0) throw new Error(`docker-compose ${words.join(" ")}: ${stdout}${stderr}`);
      return stdout;
    };

  test.each(["2.0", "3.7"])(
    "a project of version %s: up, ps, logs, exec, run, scale, restart, down",
    async (version) => {
      using host = await ownHost();
      using folder = temporaryFolder("compose");
      await using engine = await testEngine(host);
      await loadBusybox(engine);
      const file = join(folder.path, "docker-compose.yml");
      writeFileSync(file, project(version));
      const compose = composing(host, engine, file);
      const ok = succeeding(compose);
      await ok("up", "-d");
      expect(await ok("ps")).toMatch(/old_web_1 .* Up +127\.0\.0\.1:\d+->80\/tcp/);
      expect((await engine.docker("wait", "old_asks_1")).stdout).toBe("0\n");
      const logs = await ok("logs", "--no-color");
      expect(logs).toMatch(/^web_1 +\| web is up$/m);
      expect(logs).toMatch(/^asks_1 +\| served\nasks_1 +\| asking$/m);
      expect(await ok("port", "web", "80")).toMatch(/^127\.0\.0\.1:\d+\n$/);
      await ok("exec", "-T", "web", "touch", "/data/touched");
      await ok("run", "--rm", "-T", "asks", "sh", "-c", "test -e /data/touched");
      await ok("up", "-d", "--scale", "asks=2");
      expect(
        (await engine.docker("ps", "-aq", "-f", "label=com.docker.compose.service=asks")).stdout,
      ).toMatch(/^\w+\n\w+\n$/);
      await ok("pause", "web");
      await ok("unpause", "web");
      await ok("restart", "-t", "0", "web");
      expect(await ok("top", "web")).toContain("sleep 600");
      await ok("down", "-v", "-t", "0");
      expect((await engine.docker("ps", "-aq")).stdout).toBe("");
      expect((await engine.docker("volume", "ls", "-q")).stdout).toBe("");
      expect((await engine.docker("network", "ls", "-q", "-f", "type=custom")).stdout).toBe("");
    },
    120_000,
  );

  test("config, create, start, images, recreate, kill, stop, rm, orphans; secrets, the network of another service", async () => {
    using host = await ownHost();
    using folder = temporaryFolder("compose");
    await using engine = await testEngine(host);
    await loadBusybox(engine);
    write(folder.path, { "docker-compose.yml": old, word: "secret\n" });
    const compose = composing(host, engine, join(folder.path, "docker-compose.yml"));
    const ok = succeeding(compose);
    const states = async () =>
      (await engine.docker("ps", "-a", "--format", "{{.Names}} {{.State}}")).stdout.trim().split("\n").sort();
    const id = async (name: string) => (await engine.docker("inspect", "-f", "{{.Id}}", name)).stdout;
    expect(await ok("config", "--services")).toBe("ends\nweb\n");
    await ok("up", "--no-start");
    expect(await states()).toEqual(["old_ends_1 created", "old_web_1 created"]);
    await ok("start");
    expect(await states()).toEqual(["old_ends_1 running", "old_web_1 running"]);
    expect(await ok("exec", "-T", "web", "cat", "/run/secrets/word")).toBe("secret\n");
    expect(await ok("images", "-q")).toMatch(/^[0-9a-f]{12}/);
    const [web, ends] = [await id("old_web_1"), await id("old_ends_1")];
    await ok("up", "-d");
    expect([await id("old_web_1"), await id("old_ends_1")]).toEqual([web, ends]);
    await ok("exec", "-T", "web", "touch", "/data/kept");
    await ok("up", "-d", "--force-recreate", "--no-deps", "web");
    await ok("exec", "-T", "web", "ls", "/data/kept");
    expect([(await id("old_web_1")) === web, await id("old_ends_1")]).toEqual([false, ends]);
    expect(await ok("exec", "-T", "web", "cat", "/proc/sys/net/core/somaxconn")).toBe("321\n");
    await ok("kill", "-s", "KILL", "web");
    await ok("stop", "-t", "0");
    expect(await states()).toEqual(["old_ends_1 exited", "old_web_1 exited"]);
    await ok("rm", "-f", "web");
    expect(await states()).toEqual(["old_ends_1 exited"]);
    write(folder.path, {
      "docker-compose.yml": old
        .replace("  ends:", "  other:")
        .replace("[ends]", "[other]")
        .replace("service:ends", "service:other"),
    });
    await ok("up", "-d", "--remove-orphans");
    expect(await states()).toEqual(["old_other_1 running", "old_web_1 running"]);
    await ok("down", "-t", "0");
    expect(await states()).toEqual([""]);
  }, 120_000);

  test("in front: what a service prints, and the code of the one that is chosen", async () => {
    using host = await ownHost();
    using folder = temporaryFolder("compose");
    await using engine = await testEngine(host);
    await loadBusybox(engine);
    write(folder.path, {
      "docker-compose.yml": `
version: "3.7"
services:
  stays: { image: busybox, command: sleep 600, stop_signal: KILL }
  ends: { image: busybox, command: sh -c "echo said; sleep 1; exit 3" }
`,
    });
    const compose = composing(host, engine, join(folder.path, "docker-compose.yml"));
    expect(await compose("up", "--no-color", "--exit-code-from", "ends")).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^ends_1 +\| said$/m),
    });
    expect((await engine.docker("ps", "-q")).stdout).toBe("");
    expect(await compose("down")).toMatchObject({ code: 0 });
  }, 120_000);

  test("services that are built: build, up --build, run, and one that fails", async () => {
    using host = await ownHost();
    using folder = temporaryFolder("compose");
    await using engine = await testEngine(host);
    await loadBusybox(engine);
    write(folder.path, {
      "docker-compose.yml": built,
      "site/Dockerfile": 'FROM busybox\nCOPY page /page\nCMD ["cat", "/page"]\n',
      "site/Other":
        "FROM busybox AS first\nARG WORD\nRUN echo $WORD > /word\nCMD cat /word\nFROM busybox\nRUN exit 1\n",
      "site/page": "one\n",
    });
    const compose = composing(host, engine, join(folder.path, "docker-compose.yml"));
    expect(await compose("build")).toMatchObject({ code: 0 });
    expect(await compose("run", "--rm", "web")).toMatchObject({ stdout: "given\n" });
    expect(await compose("run", "--rm", "plain")).toMatchObject({ stdout: "one\n" });
    const about = await engine.docker("inspect", "-f", "{{json .Config.Labels}}", "built/web:1");
    expect(about.stdout).toContain('"by":"compose"');
    write(folder.path, { "site/page": "two\n" });
    expect(await compose("up", "--build", "--no-color", "plain")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^plain_1 +\| two$/m),
    });
    write(folder.path, { "site/Dockerfile": "FROM busybox\nRUN exit 5\n" });
    expect(await compose("build", "plain")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("The command '/bin/sh -c exit 5' returned a non-zero code: 5"),
    });
    expect(await compose("down", "-t", "0", "--rmi", "all")).toMatchObject({ code: 0 });
    expect((await engine.docker("images", "-q", "built/web")).stdout).toBe("");
  }, 120_000);
});
