import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pattern, type Scenario, squeezed, words } from "../../clients/scenarios/scenario.ts";
import { ownHost } from "../../support/host.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { cliEngine, engineMissing } from "../engine.ts";
import { file } from "./scenarios/file.ts";
import type { Group } from "./scenarios/group.ts";
import { inside } from "./scenarios/inside.ts";
import { life } from "./scenarios/life.ts";

describe.skipIf(engineMissing)("inro compose, a line at a time", () => {
  const cli = cliEngine(ownHost);

  describe.each([life, inside, file].map((group) => [group.title, group] as const))("%s", (_title, group) => {
    const folder = temporaryFolder("compose-lines");
    beforeAll(() => {
      for (const [name, text] of Object.entries(group.files)) writeFileSync(join(folder.path, name), text);
    });
    afterAll(async () => {
      await does(group, { run: "down -v -t 0 --remove-orphans" });
      folder[Symbol.dispose]();
    }, 60_000);

    const does = ({ env = {} }: Group, { run, stdin = "" }: Scenario) => {
      const file = join(folder.path, "compose.yaml");
      const given = words(run).map((word) => word.replace("FILE", file).replace("FOLDER", folder.path));
      const line = given[0] === "inro" ? given.slice(1) : ["compose", "-f", file, ...given];
      return cli.engine.inroWith({ input: stdin, env }, ...line);
    };

    test.each(group.scenarios.map((scenario) => [scenario.run, scenario] as const))(
      "%s",
      async (_line, scenario) => {
        const { expect: expected = "", err, code = 0 } = scenario;
        const done = await does(group, scenario);
        expect({ code: done.code, stdout: squeezed(done.stdout), stderr: done.stderr }).toEqual({
          code,
          stdout: expect.stringMatching(pattern(expected)),
          stderr: err === undefined ? "" : expect.stringMatching(err),
        });
      },
      30_000,
    );
  });
});
