import { describe, expect, test } from "bun:test";
import { type Actual, type Found, type FoundImage, NOTHING } from "../../../src/compose/converge/actual.ts";
import { downSteps } from "../../../src/compose/converge/down.ts";
import { type ImageOptions, imageSteps } from "../../../src/compose/converge/images.ts";
import { removeSteps, restartSteps, stopSteps } from "../../../src/compose/converge/life.ts";
import { UP, type UpOptions } from "../../../src/compose/converge/options.ts";
import type { Step } from "../../../src/compose/converge/step.ts";
import { orphanSteps, upSteps } from "../../../src/compose/converge/up.ts";
import type { Project } from "../../../src/compose/model/project.ts";
import { projectOfText } from "../model/support.ts";
import { actualOf, emptyEngine, perform } from "./engine.ts";

const image = { id: "1", volumes: [], entrypoint: null };

const projectOf = (services: string, more = "") => projectOfText(`name: p\nservices:${services}\n${more}`);

/** What an engine has after `up` of a project; `change`: and then. */
function after(
  project: Project,
  change: (found: Found) => Partial<Found> = () => ({}),
  options = UP,
): Actual {
  const engine = emptyEngine();
  engine.images = new Map([...project.services.values()].map(({ image: name = "" }) => [name, image]));
  const { steps } = upSteps(project, actualOf(engine), options);
  perform(engine, project, steps, { pick: () => 0 });
  return {
    ...actualOf(engine),
    containers: engine.containers.map((found) => ({ ...found, ...change(found) })),
  };
}

const ids = (steps: readonly Step[]) => steps.map(({ id }) => id.replace(/[0-9]{11}\dc*_/, "~"));

const up = (project: Project, actual: Actual, options: Partial<UpOptions> = {}) =>
  upSteps(project, actual, { ...UP, ...options });

const WEB = `
  db: { image: i, healthcheck: { test: x } }
  web: { image: i, depends_on: { db: { condition: service_healthy } } }`;

describe("up", () => {
  test("from nothing: networks and volumes, then containers; what is waited for stands between", () => {
    const project = projectOf(
      `${WEB}\n  other: { image: i, volumes: [data:/data] }`,
      "volumes: { data: {} }",
    );
    const { steps } = up(project, NOTHING);
    expect(Object.fromEntries(steps.map(({ id, after }) => [id, [...after].sort()]))).toEqual({
      "create network p_default": [],
      "create volume p_data": [],
      "create p-db-1": ["create network p_default", "create volume p_data"],
      "create p-other-1": ["create network p_default", "create volume p_data"],
      "create p-web-1": ["create network p_default", "create volume p_data"],
      "start p-db-1": ["create p-db-1"],
      "start p-other-1": ["create p-other-1"],
      "wait db service_healthy": ["start p-db-1"],
      "start p-web-1": ["create p-web-1", "wait db service_healthy"],
    });
  });

  test("what is as it should be has no steps", () => {
    const project = projectOf(WEB);
    expect(up(project, after(project))).toEqual({ steps: [], warnings: [] });
  });

  test("what changed is made again beside the old one, which stops when its successor can start", () => {
    const actual = after(projectOf(WEB));
    const { steps } = up(projectOf(WEB.replace("web: { image: i", "web: { image: i, user: '1'")), actual);
    expect(ids(steps)).toEqual([
      "create ~p-web-1",
      "stop p-web-1",
      "remove p-web-1",
      "rename ~p-web-1",
      "start p-web-1",
    ]);
    expect(steps[0]?.why).toBe("its configuration changed");
  });

  const reasons: readonly (readonly [string, Partial<Found>, string])[] = [
    ["image", { image: "2" }, "its image changed"],
    ["network", { networks: {} }, 'it is not on the network "default"'],
    ["file", { outdated: ['its secret "s"'] }, 'its secret "s" changed'],
    ["label", { hash: "x", differences: ["its ports", "its user"] }, "its ports and its user changed"],
    ["dead", { state: "dead" }, "it is dead"],
  ];
  test.each(reasons)("says why: %s", (_title, change, why) => {
    const project = projectOf("\n  web: { image: i }");
    expect(
      up(
        project,
        after(project, () => change),
      ).steps[0]?.why,
    ).toBe(why);
  });

  test("another network of the same name makes its containers others, too", () => {
    const project = projectOf("\n  web: { image: i }");
    const actual = after(project, ({ networks }) => ({
      networks: Object.fromEntries(
        Object.entries(networks).map(([name, each]) => [name, { ...each, id: "gone" }]),
      ),
    }));
    expect(up(project, actual).steps[0]?.why).toBe('its network "default" is another one');
  });

  test("a network that changed is made again once nothing is on it, and volumes without a name come along", () => {
    const services = "\n  web: { image: i, volumes: [/data] }";
    const actual = after(projectOf(services));
    const { steps } = up(projectOf(services, "networks: { default: { internal: true } }"), actual);
    expect(ids(steps)).toEqual([
      "stop p-web-1",
      "remove network p_default",
      "create network p_default",
      "create ~p-web-1",
      "remove p-web-1",
      "rename ~p-web-1",
      "start p-web-1",
    ]);
    expect(steps[1]?.action).toMatchObject({ disconnect: ["p-web-1"] });
    expect(steps[3]?.action).toMatchObject({ inherits: actual.containers[0]?.anonymous });
  });

  test("a network that others are on stays as it was, with a warning", () => {
    const changed = projectOf("\n  web: { image: i }", "networks: { default: { internal: true } }");
    const single = after(projectOf("\n  web: { image: i }"), () => ({ oneOff: true, name: "single" }));
    const { steps, warnings } = up(changed, single);
    expect(ids(steps)).toEqual(["create p-web-1", "start p-web-1"]);
    expect(warnings).toEqual([
      'the network "default" stays as it was, though whether it is internal changed: single is on it',
    ]);
  });

  test("a volume that would lose its data is refused, and nothing is done", () => {
    const services = "\n  web: { image: i, volumes: [data:/data] }";
    const actual = after(projectOf(services, "volumes: { data: {} }"));
    const changed = projectOf(services, "volumes: { data: { driver_opts: { type: tmpfs } } }");
    expect(() => up(changed, actual)).toThrow(expect.objectContaining({ code: "COMPOSE_VOLUME_DIFFERS" }));
  });

  test("what is external and missing is told before anything is done", () => {
    const project = projectOf(
      "\n  web: { image: i, networks: [out] }",
      "networks: { out: { external: true } }",
    );
    expect(() => up(project, NOTHING)).toThrow('cannot use the network "out": it is declared as external');
  });

  test("another project's container of the same name is told before anything is done", () => {
    const project = projectOf("\n  web: { image: i, container_name: it }");
    const actual = { ...NOTHING, strangers: new Map([["it", 'the project "other"']]) };
    expect(() => up(project, actual)).toThrow(expect.objectContaining({ code: "COMPOSE_NAME_TAKEN" }));
  });

  test("those that restart with what they depend on stop before it does, and start when it is ready", () => {
    const text = (user: string) => `
  db: { image: i, user: '${user}' }
  web: { image: i, depends_on: { db: { condition: service_started, restart: true } } }
  other: { image: i, depends_on: [db] }`;
    const { steps } = up(projectOf(text("2")), after(projectOf(text("1"))));
    const of = (id: string) => steps.find((step) => step.id === id)?.after;
    expect(of("stop p-db-1")).toContain("stop p-web-1");
    expect(of("start p-web-1")).toContain("start p-db-1");
    expect(steps.filter(({ id }) => id.includes("other"))).toEqual([]);
  });

  test("who has what another one is to have stops first, whatever depends on what", () => {
    const port = 'ports: ["8080:80"]';
    const before = projectOf(`\n  a: { image: i }\n  b: { image: i, ${port}, depends_on: [a] }`);
    const now = projectOf(`\n  a: { image: i, ${port} }\n  b: { image: i, depends_on: [a] }`);
    const of = (project: Project, actual: Actual) =>
      up(project, actual).steps.find(({ id }) => id === "start p-a-1")?.after;
    expect(of(now, after(before))).toContain("stop p-b-1");
    // One that stays, and has not run since.
    const stopped = after(now).containers.find(({ service }) => service === "a") as Found;
    const mixed = after(before);
    const [other] = mixed.containers.filter(({ service }) => service === "b");
    const networks = { ...stopped.networks };
    const actual = {
      ...mixed,
      containers: [{ ...stopped, networks, state: "exited", ports: [] }, other],
    } as Actual;
    expect(of(now, actual)).toContain("stop p-b-1");
  });

  test("who shares a container's network is made again with it", () => {
    const text = (user: string) => `
  db: { image: i, user: '${user}' }
  side: { image: i, network_mode: 'service:db' }`;
    const { steps } = up(projectOf(text("2")), after(projectOf(text("1"))));
    const side = steps.find(({ id }) => /^create .*_p-side-1/.test(id));
    expect(side?.why).toBe('the container of "db" that it is part of is made again');
    expect(side?.after.map((id) => id.replace(/ \S*_/, " ~"))).toEqual(["rename ~p-db-1"]);
  });

  test("fewer: those that changed go first, then the highest numbers; more: the lowest free ones", () => {
    const three = projectOf("\n  web: { image: i, scale: 3 }");
    expect(ids(up(three, after(three), { scale: { web: 1 } }).steps).sort()).toEqual([
      ...["remove p-web-2", "remove p-web-3", "stop p-web-2", "stop p-web-3"],
    ]);
    const old = after(three, ({ number }) => (number === 1 ? { hash: "old" } : {}));
    expect(up(three, old, { scale: { web: 2 } }).steps.map(({ id }) => id)).toEqual([
      "stop p-web-1",
      "remove p-web-1",
    ]);
    const hole = {
      ...after(three),
      containers: after(three).containers.filter(({ number }) => number !== 2),
    };
    expect(up(three, hole).steps.map(({ id }) => id)).toEqual(["create p-web-2", "start p-web-2"]);
  });

  test("one name is one container's", () => {
    const project = projectOf("\n  web: { image: i, container_name: it }");
    expect(() => up(project, NOTHING, { scale: { web: 2 } })).toThrow("can only be the name of one");
  });

  test("options: --no-recreate, --force-recreate, --always-recreate-deps, --no-deps, --no-start, --wait", () => {
    const project = projectOf(WEB);
    const actual = after(project);
    const old = after(project, () => ({ hash: "old" }));
    const created = (options: Partial<UpOptions>, there = actual) =>
      up(project, there, options)
        .steps.filter(({ id }) => id.startsWith("create"))
        .map(({ id }) => id.split("_").at(-1));
    expect(created({ recreate: "never", recreateDependencies: "never" }, old)).toEqual([]);
    expect(created({ recreate: "force" })).toEqual(["p-db-1", "p-web-1"]);
    expect(created({ recreate: "force", services: ["web"] })).toEqual(["p-web-1"]);
    expect(created({ services: ["web"], recreateDependencies: "force" })).toEqual(["p-db-1"]);
    expect(created({ services: ["web"], dependencies: false }, old)).toEqual(["p-web-1"]);
    expect(ids(up(project, NOTHING, { start: false }).steps)).toEqual([
      "create network p_default",
      "create p-db-1",
      "create p-web-1",
    ]);
    const waits = up(project, NOTHING, { wait: true, waitTimeout: 5 }).steps.slice(-2);
    expect(waits.map(({ action }) => action)).toMatchObject([
      { kind: "wait", service: "db", condition: "ready", timeout: 5 },
      { kind: "wait", service: "web", condition: "ready", timeout: 5 },
    ]);
  });

  test("a dependency that is off and not required is nothing to wait for", () => {
    const project = projectOf(`
  db: { image: i, profiles: [off] }
  web: { image: i, depends_on: { db: { condition: service_healthy, required: false } } }`);
    expect(up(project, NOTHING).steps.map(({ id }) => id)).not.toContain("wait db service_healthy");
  });

  test("orphans are told, removed or left alone; a service that is off has none", () => {
    const actual = after(projectOf("\n  web: { image: i }\n  old: { image: i }"));
    const project = projectOf("\n  web: { image: i }");
    expect(up(project, actual).warnings[0]).toContain("not in its file: p-old-1");
    expect(up(project, actual, { orphans: "ignore" })).toEqual({ steps: [], warnings: [] });
    expect(ids(up(project, actual, { orphans: "remove" }).steps)).toEqual(["stop p-old-1", "remove p-old-1"]);
    expect(ids(orphanSteps(project, actual).steps)).toEqual(["stop p-old-1", "remove p-old-1"]);
    const off = projectOf("\n  web: { image: i }\n  old: { image: i, profiles: [off] }");
    expect(up(off, actual)).toEqual({ steps: [], warnings: [] });
  });
});

describe("images", () => {
  const steps = (
    services: string,
    options: Partial<ImageOptions> = {},
    there: Actual["images"] = new Map(),
  ) =>
    imageSteps(
      projectOf(services),
      { ...NOTHING, images: there },
      { services: [], dependencies: true, build: "missing", ...options },
      Date.parse("2026-01-10"),
    ).map(({ id }) => id);
  const there: Actual["images"] = new Map<string, FoundImage>([
    ["i", { ...image, taggedAt: Date.parse("2026-01-08") }],
    ["p-web", image],
  ]);
  const table: readonly (readonly [string, Partial<ImageOptions>, Actual["images"], readonly string[]])[] = [
    ["\n  web: { image: i }", {}, new Map(), ["pull web"]],
    ["\n  web: { image: i }", {}, there, []],
    ["\n  web: { image: i }\n  b: { image: i }", {}, new Map(), ["pull b"]],
    ["\n  web: { image: i }", { pull: "always" }, there, ["pull web"]],
    ["\n  web: { image: i, pull_policy: daily }", {}, there, ["pull web"]],
    ["\n  web: { image: i, pull_policy: weekly }", {}, there, []],
    ["\n  web: { image: i, pull_policy: every_1d20h }", {}, there, ["pull web"]],
    ["\n  web: { image: i, pull_policy: every_3d }", {}, there, []],
    ["\n  web: { build: . }", {}, new Map(), ["build web"]],
    ["\n  web: { build: . }", {}, there, []],
    ["\n  web: { build: . }", { build: "always" }, there, ["build web"]],
    ["\n  web: { build: ., pull_policy: build }", {}, there, ["build web"]],
    ["\n  a: { image: j }\n  web: { build: ., image: j }", {}, new Map(), ["build web"]],
    [
      "\n  a: { build: { context: ., additional_contexts: { x: 'service:b' } } }\n  b: { build: . }",
      {},
      new Map(),
      ["build b", "build a"],
    ],
  ];
  test.each(table)("%s %p", (services, options, images, expected) => {
    expect(steps(services, options, images)).toEqual([...expected]);
  });

  test("one that nobody may bring is told", () => {
    expect(() => steps("\n  web: { image: i, pull_policy: never }")).toThrow('the image "i" is not here');
    expect(() => steps("\n  web: { build: . , image: i, pull_policy: never }", { build: "never" })).toThrow(
      "may not be built",
    );
  });
});

describe("down and the life in between", () => {
  const project = projectOf(WEB, "volumes: { data: {} }");
  const all = { services: [], volumes: false, images: "none", orphans: false } as const;

  test("who depends on others goes before them", () => {
    const { steps } = downSteps("p", project, after(project), all);
    expect(ids(steps)).toEqual([
      ...["stop p-web-1", "remove p-web-1", "stop p-db-1", "remove p-db-1"],
      "remove network p_default",
    ]);
    const without = downSteps(
      "p",
      undefined,
      after(project, ({ service }) => (service === "web" ? { dependsOn: { db: false } } : {})),
      all,
    );
    expect(ids(without.steps)).toEqual(ids(steps));
  });

  test("what others still use stays, and says so", () => {
    const actual = after(project, ({ service }) =>
      service === "db" ? { oneOff: true, name: "single" } : {},
    );
    const { steps, warnings } = downSteps("p", project, actual, all);
    expect(ids(steps)).toEqual(["stop p-web-1", "remove p-web-1"]);
    expect(warnings).toEqual(['the network "p_default" stays: single still has it']);
    expect(ids(downSteps("p", project, actual, { ...all, orphans: true }).steps)).toContain("remove single");
  });

  test("--volumes takes only the volumes that are the project's own", () => {
    const labels = { "com.docker.compose.project": "p", "com.docker.compose.volume": "data" };
    const volume = (name: string, own: Record<string, string>) =>
      [name, { name, driver: "local", options: {}, labels: own }] as const;
    const actual: Actual = {
      ...NOTHING,
      volumes: new Map([
        volume("p_data", labels),
        volume("p_gone", { ...labels, "com.docker.compose.volume": "gone" }),
        volume("else", { ...labels, "com.docker.compose.project": "q" }),
        volume("by-hand", {}),
      ]),
    };
    const used = projectOf("\n  web: { image: i, volumes: [data:/d] }", "volumes: { data: {} }");
    expect(ids(downSteps("p", used, actual, { ...all, volumes: true }).steps)).toEqual([
      "remove volume p_data",
    ]);
  });

  test("stop goes from the outside in, restart from the inside out, rm takes what does not run", () => {
    const actual = after(project);
    expect(ids(stopSteps(project, actual, { services: [] }))).toEqual(["stop p-web-1", "stop p-db-1"]);
    expect(ids(restartSteps(project, actual, { services: [], dependencies: true }))).toEqual([
      "restart p-db-1",
      "restart p-web-1",
    ]);
    const half = after(project, ({ service }) => (service === "web" ? { state: "exited" } : {}));
    expect(ids(removeSteps(project, half, { services: [], stop: false, volumes: false }))).toEqual([
      "remove p-web-1",
    ]);
  });
});
