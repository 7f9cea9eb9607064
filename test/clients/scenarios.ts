import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HeldSocket, heldSocket } from "../api/held.ts";
import { type TestEngine, testEngine } from "../support/engine.ts";
import { type Finished, type Host, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { busyboxArchive, busyboxTar } from "./busybox.ts";
import { builds } from "./scenarios/builds.ts";
import { images } from "./scenarios/images.ts";
import { inside } from "./scenarios/inside.ts";
import { life } from "./scenarios/life.ts";
import { look } from "./scenarios/look.ts";
import { objects } from "./scenarios/objects.ts";
import { run } from "./scenarios/run.ts";
import { pattern, type Scenario, squeezed, words } from "./scenarios/scenario.ts";
import { system } from "./scenarios/system.ts";

const groups = [run, life, look, inside, images, builds, objects, system];

/** All scenarios by one command line, `docker` or one that can take its place, on an engine of their own. */
export function scenarios(program: string): void {
  const scope = new AsyncDisposableStack();
  let host: Host;
  let engine: TestEngine;
  let held: HeldSocket;
  let files: string;

  beforeAll(async () => {
    host = scope.use(await ownHost());
    engine = scope.use(await testEngine(host));
    held = scope.use(await heldSocket(engine.socket));
    files = scope.use(temporaryFolder("scenarios")).path;
    writeFileSync(join(files, "archive.tar"), busyboxArchive());
    writeFileSync(join(files, "root.tar"), busyboxTar());
  }, 60_000);

  afterAll(async () => {
    const breaches = [...held.breaches];
    await scope.disposeAsync();
    expect(breaches).toEqual([]);
  }, 60_000);

  const does = (line: string, stdin = "") => {
    const given = words(line).map((word) =>
      word.replace("ARCHIVE", join(files, "archive.tar")).replace("ROOT", join(files, "root.tar")),
    );
    const env = { DOCKER_HOST: `unix://${held.socket}`, DOCKER_CONFIG: files };
    return host.run(program, given, { input: stdin, env });
  };

  const all = async (method: string, path: string) => {
    const answer = await fetch(`http://inro${path}`, { method, unix: engine.socket });
    // One with --rm may go by itself meanwhile.
    if (answer.status >= 400 && !(method === "DELETE" && answer.status === 404))
      throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.text();
  };

  async function empty(): Promise<void> {
    for (const { Id } of JSON.parse(await all("GET", "/containers/json?all=1")))
      await all("DELETE", `/containers/${Id}?force=1&v=1`);
    await all("POST", "/networks/prune");
    await all("POST", '/volumes/prune?filters={"all":["true"]}');
    await all("POST", '/images/prune?filters={"dangling":["false"]}');
    await all("POST", "/build/prune?all=1");
  }

  async function prepare(setup: readonly string[]): Promise<void> {
    await empty();
    await does("load -i ARCHIVE");
    for (const line of setup) {
      const { code, stderr } = await does(line);
      if (stderr !== "" && code !== 0) throw new Error(`${line}: ${stderr}`);
    }
  }

  for (const group of groups) {
    describe(group.title, () => {
      beforeAll(() => prepare(group.setup ?? []), 60_000);
      test.each(group.scenarios.map((scenario) => [scenario.run, scenario] as const))(
        "%s",
        async (_line, scenario) => {
          verify(
            program === "docker" ? scenario : { ...scenario, ...scenario.ours },
            await does(scenario.run, scenario.stdin),
          );
        },
      );
    });
  }
}

function verify({ expect: expected = "", err, code = 0 }: Scenario, done: Finished): void {
  const shown = { code: done.code, stdout: squeezed(done.stdout), stderr: done.stderr };
  expect(shown).toEqual({
    code,
    stdout: expect.stringMatching(pattern(expected)),
    stderr: err === undefined ? "" : expect.stringMatching(err),
  });
}
