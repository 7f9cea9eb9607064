import { expect, test } from "bun:test";
import type { FoundNetwork, State } from "../../../src/compose/converge/actual.ts";
import { downSteps } from "../../../src/compose/converge/down.ts";
import { UP, type UpOptions } from "../../../src/compose/converge/options.ts";
import { upSteps } from "../../../src/compose/converge/up.ts";
import type { Project } from "../../../src/compose/model/project.ts";
import { actualOf, emptyEngine, type PureEngine, perform } from "./engine.ts";
import { random, randomProject } from "./random.ts";

const image = (id: string) => ({ id, volumes: [], entrypoint: null });

/** What others do to a project's containers behind its back. */
function disturb(engine: PureEngine, pick: (count: number) => number): void {
  const one = engine.containers[pick(engine.containers.length)];
  const set = (state: State) => {
    engine.containers = engine.containers.map((found) =>
      found === one
        ? { ...found, state, ports: state === "running" || state === "paused" ? found.ports : [] }
        : found,
    );
  };
  const doings = [
    () => set("exited"),
    () => set("dead"),
    () => one?.state === "running" && set("paused"),
    () => {
      engine.containers = engine.containers.filter((found) => found !== one);
    },
    () => {
      engine.images = new Map(
        [...engine.images].map(([name, found]) => [name, { ...found, id: `${found.id}+` }]),
      );
    },
    () => {
      const [name = ""] = engine.networks.keys();
      engine.containers = engine.containers.map((found) =>
        found.networks[name] === undefined ? found : { ...found, state: "exited", ports: [] },
      );
      const others = [...engine.networks].filter(([each]) => each !== name);
      // Somebody may have made it again, by hand.
      if (!engine.networks.has(name)) return;
      const again = { ...engine.networks.get(name), id: `by hand ${++engine.made}` } as FoundNetwork;
      engine.networks = new Map(pick(2) === 0 ? others : [...others, [name, again]]);
    },
    () => {
      const [first, second] = engine.containers;
      if (first === undefined || second === undefined) return;
      // Their names are swapped.
      engine.containers = engine.containers.map((found) => {
        if (found === first) return { ...found, name: second.name };
        return found === second ? { ...found, name: first.name } : found;
      });
    },
  ];
  doings[pick(doings.length)]?.();
}

const options = (pick: (count: number) => number): UpOptions => ({
  ...UP,
  orphans: pick(2) === 0 ? "remove" : "ignore",
});

/** What was done before, cut off anywhere, and what happened in between. Answers what is asked for now. */
function past(engine: PureEngine, pick: (count: number) => number): Project {
  let project = randomProject(pick);
  for (let round = pick(4); round >= 0; round--) {
    const asked = options(pick);
    try {
      const { steps } = upSteps(project, actualOf(engine), asked);
      perform(engine, project, steps, { pick, limit: pick(steps.length + 1) });
    } catch (error) {
      // What stays of services that the file has no more may have what it wants.
      if (asked.orphans === "remove" || !/the engine refuses/.test((error as Error).message)) throw error;
    }
    for (let times = pick(3); times > 0; times--) disturb(engine, pick);
    if (pick(2) === 0) project = randomProject(pick);
  }
  return project;
}

const seeds = Array.from({ length: 400 }, (_, seed) => seed + 1);

test("from any state, what is to be done leads to what the file asks for, and then there is nothing to do", () => {
  for (const seed of seeds) {
    const pick = random(seed);
    const engine = emptyEngine();
    engine.images = new Map([
      ["one", image("1")],
      ["two", image("2")],
    ]);
    try {
      const project = past(engine, pick);
      const asked: UpOptions = { ...UP, orphans: "remove" };
      const { steps } = upSteps(project, actualOf(engine), asked);
      perform(engine, project, steps, { pick });
      const running = engine.containers.map(({ name, service, state }) => ({ name, service, state }));
      const wanted = [...project.services.values()].flatMap(({ name, scale = 1, container_name: own }) =>
        Array.from({ length: scale }, () => ({ service: name, own })),
      );
      expect(running.map(({ service }) => service).sort()).toEqual(
        wanted.map(({ service }) => service).sort(),
      );
      expect(running.filter(({ state }) => state !== "running")).toEqual([]);
      for (const { service, own } of wanted)
        if (own !== undefined) expect(running.find((each) => each.service === service)?.name).toBe(own);
      expect(running.filter(({ name }) => !/^(p-[a-e]-\d+|first|second)$/.test(name))).toEqual([]);
      expect(upSteps(project, actualOf(engine), asked).steps).toEqual([]);

      perform(
        engine,
        project,
        downSteps("p", project, actualOf(engine), {
          services: [],
          volumes: false,
          images: "none",
          orphans: true,
        }).steps,
        { pick },
      );
      expect([engine.containers, [...engine.networks.keys()]]).toEqual([[], []]);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}, 30_000);
