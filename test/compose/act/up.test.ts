import { describe, expect, test } from "bun:test";
import { globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createOneOff } from "../../../src/compose/act/one-off.ts";
import { runSteps } from "../../../src/compose/act/run.ts";
import type { StepEvent } from "../../../src/compose/converge/step.ts";
import type { Service } from "../../../src/compose/model/project.ts";
import { cliEngine, engineMissing } from "../../cli/engine.ts";
import { tool } from "../../support/tools.ts";
import { testProject } from "./project.ts";

const SLEEP = 'image: busybox, init: true, command: "sleep 6000"';

/** Both tools take what the other one has made for their own. */
const RICH = `
  db:
    image: busybox
    init: true
    command: sleep 6000
    healthcheck: { test: ["CMD", "true"], interval: 1s, start_interval: 200ms, start_period: 5s }
    networks: [front]
    volumes: [data:/data, /anonymous]
  web:
    ${SLEEP.replaceAll(", ", "\n    ")}
    depends_on: { db: { condition: service_healthy } }
    links: ["db:near"]
    environment: { A: "1", B: }
    ports: ["8080"]
    networks: { front: { aliases: [w] }, back: { priority: 5 } }
    volumes: ["./folder:/folder", "data:/again:ro"]
    tmpfs: /tmp/one
    configs: [plain, { source: inline, target: /etc/inline, mode: 0440 }]
    secrets: [key, variable]
    ulimits: { nofile: 1024 }
    mem_limit: 64m
    cap_add: [NET_ADMIN]
    security_opt: ["no-new-privileges:true"]
    sysctls: { net.core.somaxconn: "1024" }
    extra_hosts: ["a:1.2.3.4"]
    restart: on-failure:3
    stop_grace_period: 1s
    labels: { x: y }
  side: { ${SLEEP}, network_mode: "service:db", pid: "service:db", deploy: { replicas: 2 }, volumes_from: [db] }`;
const OBJECTS = `
networks: { front: { labels: { n: l } }, back: { internal: true } }
volumes: { data: { labels: { v: l } } }
configs: { plain: { file: ./plain }, inline: { content: hello } }
secrets: { key: { file: ./plain }, variable: { environment: SECRET } }`;

describe.skipIf(engineMissing)("compose up", () => {
  const cli = cliEngine();
  const project = (env: Record<string, string> = {}) => testProject(cli.engine, env);
  const exec = (container: string, script: string) => cli.out("exec", container, "sh", "-c", script);
  const started = (events: readonly StepEvent[]) =>
    events.flatMap((event) => (event.kind === "started" ? [event.step.id] : []));

  test("a second one has nothing to do; what changed is made again, with its volumes", async () => {
    await using p = project();
    p.write(`\n  web: { ${SLEEP}, volumes: [/data] }\n  other: { ${SLEEP} }`);
    await p.up();
    await exec(`${p.name}-web-1`, "echo kept > /data/file");
    expect((await p.up()).steps).toEqual([]);
    p.write(`\n  web: { ${SLEEP}, volumes: [/data], environment: { A: "1" } }\n  other: { ${SLEEP} }`);
    const { steps } = await p.up();
    expect(new Set(steps.map(({ why }) => why))).toEqual(new Set(["its environment changed"]));
    expect(await exec(`${p.name}-web-1`, "cat /data/file; echo $A")).toBe("kept\n1\n");
    expect((await p.up()).steps).toEqual([]);
    await p.up({ options: { recreate: "force", services: ["web"], renewVolumes: true } });
    expect(await exec(`${p.name}-web-1`, "ls /data")).toBe("");
  }, 30_000);

  test("a network that changed is made again with all that are on it", async () => {
    await using p = project();
    p.write(`\n  web: { ${SLEEP}, volumes: [/data] }\n  db: { ${SLEEP} }`);
    await p.up();
    await exec(`${p.name}-web-1`, "echo kept > /data/file");
    p.write(
      `\n  web: { ${SLEEP}, volumes: [/data] }\n  db: { ${SLEEP} }`,
      "networks: { default: { labels: { a: b } } }",
    );
    await p.up();
    expect(await exec(`${p.name}-web-1`, "cat /data/file")).toBe("kept\n");
    expect((await p.look()).networks.get(`${p.name}_default`)?.labels).toMatchObject({ a: "b" });
    expect((await p.up()).steps).toEqual([]);
  }, 30_000);

  test("secrets and configurations have owner, mode and content; what changes is brought", async () => {
    await using p = project({ SECRET: "hidden-value-4711" });
    writeFileSync(join(p.folder, "file"), "from a file");
    const write = (content: string) =>
      p.write(
        `
  web: { ${SLEEP}, user: "9:8", read_only: true, configs: [inline], secrets: [variable, { source: file, target: it, uid: "3", gid: "4", mode: 0640 }] }`,
        `configs: { inline: { content: ${content} } }
secrets: { variable: { environment: SECRET }, file: { file: ./file } }`,
      );
    write("one");
    await p.up();
    const look =
      "stat -c '%u:%g %a' /inline /run/secrets/variable /run/secrets/it; cat /inline /run/secrets/variable";
    expect(await exec(`${p.name}-web-1`, look)).toBe("9:8 444\n9:8 444\n3:4 440\nonehidden-value-4711");
    expect((await p.up()).steps).toEqual([]);
    write("two");
    const { steps } = await p.up();
    expect(steps[0]?.why).toBe('its config "inline" changed');
    expect(await exec(`${p.name}-web-1`, "cat /inline")).toBe("two");
  }, 30_000);

  test("a secret from the environment is in the container's own files and nowhere else", async () => {
    await using p = project({ SECRET: "hidden-value-4712" });
    p.write(`\n  web: { ${SLEEP}, secrets: [variable] }`, "secrets: { variable: { environment: SECRET } }");
    await p.up();
    const found = [cli.engine.dataRoot, cli.engine.execRoot].flatMap((root) =>
      globSync(join(root, "**")).filter((path) => {
        const stat = statSync(path, { throwIfNoEntry: false });
        return (
          stat?.isFile() === true && stat.size < 1 << 24 && readFileSync(path).includes("hidden-value-4712")
        );
      }),
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/\/containers\/[0-9a-f]{64}\/upper\/run\/secrets\/variable$/);
    for (const words of [
      ["inspect", `${p.name}-web-1`],
      ["logs", `${p.name}-web-1`],
    ])
      expect(JSON.stringify(await cli.inro(...words))).not.toContain("hidden-value-4712");
  }, 30_000);

  const failing: readonly (readonly [
    title: string,
    db: string,
    condition: string,
    message: string,
    logs: readonly string[],
  ])[] = [
    [
      "unhealthy",
      `init: true, command: "sh -c 'echo I am up; exec sleep 6000'", healthcheck: { test: "echo no; exit 3", interval: 100ms, retries: 1 }`,
      "service_healthy",
      'the service "db" did not become healthy: "NAME-db-1" is unhealthy: its last check ended with code 3, "no"',
      ["I am up"],
    ],
    [
      "ended",
      `command: "sh -c 'echo broken >&2; exit 7'", healthcheck: { test: "true", interval: 5s }`,
      "service_healthy",
      'the service "db" did not become healthy: "NAME-db-1" exited with code 7',
      ["broken"],
    ],
    [
      "not successful",
      `command: "sh -c 'echo broken; exit 2'"`,
      "service_completed_successfully",
      'the service "db" did not complete successfully: "NAME-db-1" exited with code 2',
      ["broken"],
    ],
    [
      "no health check",
      `init: true, command: "sleep 6000"`,
      "service_healthy",
      'the service "db" did not become healthy: "NAME-db-1" has no health check',
      [],
    ],
  ];
  test.each(failing)(
    "what is waited for in vain says so, with its last words: %s",
    async (_title, db, condition, message, logs) => {
      await using p = project();
      p.write(
        `\n  db: { image: busybox, ${db} }\n  web: { ${SLEEP}, depends_on: { db: { condition: ${condition} } } }`,
      );
      const failed: (StepEvent & { kind: "failed" })[] = [];
      const tell = (event: StepEvent) => void (event.kind === "failed" && failed.push(event));
      await expect(p.up({ tell })).rejects.toThrow(message.replaceAll("NAME", p.name));
      expect(failed).toHaveLength(1);
      expect(failed[0]?.logs ?? []).toEqual([...logs]);
      const web = (await p.look()).containers.find(({ service }) => service === "web");
      expect(web?.state).toBe("created");
    },
    30_000,
  );

  test("what is not required is only warned of; what completes is waited for", async () => {
    await using p = project();
    p.write(`
  job: { image: busybox, command: "sh -c 'sleep 0.3'" }
  broken: { image: busybox, command: "sh -c 'exit 4'" }
  web: { ${SLEEP}, depends_on: { job: { condition: service_completed_successfully }, broken: { condition: service_completed_successfully, required: false } } }`);
    const warnings: string[] = [];
    await p.up({ tell: (event) => void (event.kind === "warning" && warnings.push(event.text)) });
    expect(warnings).toEqual([expect.stringContaining(`"${p.name}-broken-1" exited with code 4`)]);
    const states = (await p.look()).containers.map(({ service, state, exitCode }) => [
      service,
      state,
      exitCode,
    ]);
    expect(states.toSorted()).toEqual([
      ["broken", "exited", 4],
      ["job", "exited", 0],
      ["web", "running", undefined],
    ]);
  }, 30_000);

  test("--wait says for what it waits, and how long", async () => {
    await using p = project();
    p.write(`\n  web: { ${SLEEP}, healthcheck: { test: "false", interval: 100ms, retries: 1000 } }`);
    const waiting = p.up({ options: { wait: true, waitTimeout: 1 } });
    await expect(waiting).rejects.toThrow(`"${p.name}-web-1" is starting after 1 s`);
  }, 30_000);

  test("hooks run in the container, and one that fails says what it said", async () => {
    await using p = project();
    p.write(
      `\n  web: { ${SLEEP}, volumes: [data:/data], post_start: [{ command: ["sh", "-c", "echo $$A > /data/began"], environment: { A: "b" } }], pre_stop: [{ command: ["touch", "/data/ends"] }] }`,
      "volumes: { data: {} }",
    );
    await p.up();
    expect(await exec(`${p.name}-web-1`, "cat /data/began")).toBe("b\n");
    await p.up({ options: { recreate: "force" } });
    expect(await exec(`${p.name}-web-1`, "ls /data")).toBe("began\nends\n");
    p.write(`\n  web: { ${SLEEP}, post_start: [{ command: ["sh", "-c", "echo oh; exit 5"] }] }`);
    await expect(p.up()).rejects.toThrow("it ended with code 5: oh");
  }, 30_000);

  test("a single run has what it stands on, and is none of the service's containers", async () => {
    await using p = project();
    p.write(`\n  web: { ${SLEEP}, volumes: [data:/data], ports: ["8080"] }`, "volumes: { data: {} }");
    const hands = { ...p.hands, project: p.project() };
    const asked = {
      command: ["true"],
      environment: {},
      labels: {},
      volumes: [],
      ports: [],
      servicePorts: false,
    };
    const { id, name } = await createOneOff(
      hands,
      hands.project.services.get("web") as Service,
      { ...asked, capAdd: [], capDrop: [], tty: false, interactive: false },
      { aliases: false, remove: true },
      () => {},
    );
    const [found] = JSON.parse(await cli.out("inspect", id));
    expect(name).toMatch(new RegExp(`^${p.name}-web-run-[0-9a-f]{12}$`));
    expect(found.HostConfig).toMatchObject({ AutoRemove: true, PortBindings: {} });
    expect(found.Config.Labels["com.docker.compose.slug"]).toStartWith(name.slice(-12));
    expect(found.NetworkSettings.Networks[`${p.name}_default`].Aliases).toEqual([name]);
    expect(await p.look()).toMatchObject({ containers: [{ oneOff: true, volumes: [`${p.name}_data`] }] });
    expect((await p.up({ dryRun: true })).steps.map((step) => step.id)).toEqual([
      `create ${p.name}-web-1`,
      `start ${p.name}-web-1`,
    ]);
  }, 30_000);

  test("an abort ends what waits, and the next one goes on from there", async () => {
    await using p = project();
    p.write(`
  db: { ${SLEEP}, healthcheck: { test: "test -e /ready", interval: 100ms, retries: 1000 } }
  web: { ${SLEEP}, depends_on: { db: { condition: service_healthy } } }`);
    const abort = new AbortController();
    const tell = (event: StepEvent) => void (event.kind === "progress" && abort.abort(new Error("Ctrl-C")));
    await expect(p.up({ signal: abort.signal, tell })).rejects.toThrow("Ctrl-C");
    await exec(`${p.name}-db-1`, "touch /ready");
    const events: StepEvent[] = [];
    await p.up({ tell: (event) => void events.push(event) });
    expect(started(events).at(-1)).toBe(`start ${p.name}-web-1`);
  }, 30_000);

  test("what another run makes meanwhile is not made twice; what has its name and is another is left alone", async () => {
    await using project = testProject(cli.engine);
    project.write(`\n  web: { ${SLEEP} }`);
    const before = await project.up({ dryRun: true });
    await project.up({ options: { start: false } });
    const [made] = (await project.look()).containers;
    const hands = { ...project.hands, project: project.project() };
    await runSteps(hands, before.steps, { tell: () => {} });
    const after = await project.look();
    expect(after.containers).toMatchObject([{ id: made?.id ?? "", state: "running" }]);
    project.write(`\n  web: { ${SLEEP}, labels: { a: b } }`);
    const other = { ...project.hands, project: project.project() };
    const makes = before.steps.filter(({ action }) => action.kind === "create");
    const again = runSteps(
      other,
      makes.map((step) => ({ ...step, after: [] })),
      { tell: () => {} },
    );
    await expect(again).rejects.toMatchObject({ code: "COMPOSE_NAME_TAKEN" });
  }, 30_000);

  test("cut off after any of its steps, the next one ends where the file says", async () => {
    await using p = project();
    const text = (value: number) => `
  db: { ${SLEEP}, environment: { A: "${value}" }, volumes: [/data] }
  web: { ${SLEEP}, environment: { A: "${value}" }, network_mode: "service:db" }`;
    p.write(text(0));
    await p.up();
    await exec(`${p.name}-db-1`, "echo kept > /data/file");
    for (let cut = 1; cut <= 10; cut++) {
      p.write(text(cut));
      const abort = new AbortController();
      let done = 0;
      const tell = ({ kind }: StepEvent) =>
        void (kind === "done" && ++done === cut && abort.abort(new Error("cut")));
      await p.up({ signal: abort.signal, tell }).catch(() => {});
      await p.up();
      expect((await p.up()).steps).toEqual([]);
      const found = (await p.look()).containers.map(({ name, state }) => `${name} ${state}`).sort();
      expect([cut, found]).toEqual([cut, [`${p.name}-db-1 running`, `${p.name}-web-1 running`]]);
      expect(await exec(`${p.name}-db-1`, "cat /data/file; echo $A")).toBe(`kept\n${cut}\n`);
    }
  }, 60_000);

  const compose = tool("docker-compose-2");
  test.skipIf(compose === undefined)(
    "compose v2 and we take each other's containers for our own",
    async () => {
      const env = { SECRET: "s" };
      await using p = project(env);
      writeFileSync(join(p.folder, "plain"), "p");
      p.write(RICH, OBJECTS);
      const v2 = async (...words: readonly string[]) => {
        const child = Bun.spawn([compose ?? "", ...words], {
          cwd: p.folder,
          env: { PATH: process.env["PATH"] ?? "", DOCKER_HOST: `unix://${cli.engine.socket}`, ...env },
          stdout: "pipe",
          stderr: "pipe",
        });
        const [code, text] = [await child.exited, await new Response(child.stderr).text()];
        return { code, text };
      };
      expect(await v2("up", "-d")).toMatchObject({ code: 0 });
      expect((await p.up()).steps).toEqual([]);
      await p.down();
      await p.up();
      const before = (await p.look()).containers.map(({ id }) => id).sort();
      const { code, text } = await v2("up", "-d");
      expect([code, text]).toEqual([0, expect.not.stringMatching(/Creat|Recreat|Start/)]);
      expect((await p.look()).containers.map(({ id }) => id).sort()).toEqual(before);
      expect(await v2("down", "-v")).toMatchObject({ code: 0 });
      const left = await p.look();
      const own = (names: Iterable<string>) => [...names].filter((name) => name.startsWith(p.name));
      expect([left.containers, own(left.networks.keys()), own(left.volumes.keys())]).toEqual([[], [], []]);
    },
    60_000,
  );
});
