import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openClient } from "../../../src/client/client.ts";
import { connectTo } from "../../../src/client/socket.ts";
import type { Hands } from "../../../src/compose/act/hands.ts";
import { look } from "../../../src/compose/act/look.ts";
import { runSteps } from "../../../src/compose/act/run.ts";
import type { Actual } from "../../../src/compose/converge/actual.ts";
import { downSteps } from "../../../src/compose/converge/down.ts";
import { UP, type UpOptions } from "../../../src/compose/converge/options.ts";
import type { Plan, StepEvent } from "../../../src/compose/converge/step.ts";
import { upSteps } from "../../../src/compose/converge/up.ts";
import { loadFile } from "../../../src/compose/file/load.ts";
import { projectOf } from "../../../src/compose/model/of.ts";
import type { Project } from "../../../src/compose/model/project.ts";
import type { TestEngine } from "../../support/engine.ts";
import { temporaryFolder } from "../../support/temporary.ts";

export interface Upping {
  readonly options?: Partial<UpOptions>;
  readonly signal?: AbortSignal;
  readonly tell?: (event: StepEvent) => void;
  readonly dryRun?: boolean;
}

/** A project of an engine, whose file can change; what it has at the engine goes with it. */
export interface TestProject extends AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly hands: Omit<Hands, "project">;
  write(services: string, more?: string): void;
  project(): Project;
  up(upping?: Upping): Promise<Plan>;
  look(): Promise<Actual>;
  down(): Promise<void>;
}

let count = 0;

export function testProject(engine: TestEngine, env: Readonly<Record<string, string>> = {}): TestProject {
  const folder = temporaryFolder("compose");
  const name = `p${process.pid}x${++count}`;
  const place = join(folder.path, name);
  mkdirSync(place);
  const client = openClient(() => connectTo(engine.socket));
  const nobody = () => Promise.reject(new Error("no image is brought in this test"));
  const hands = { client, env, images: { pull: nobody, build: nobody, push: nobody } };
  const project = () =>
    projectOf(loadFile({ files: [], envFiles: [], env, workingDir: place, profiles: [] }));
  const nothing = () => {};
  const made: TestProject = {
    name,
    folder: place,
    hands,
    project,
    write: (services, more = "") =>
      writeFileSync(join(place, "compose.yaml"), `services:${services}\n${more}\n`),
    async up({ options = {}, signal, tell = nothing, dryRun = false } = {}) {
      const asked = project();
      const plan = upSteps(asked, await look(client, name, { project: asked, env }), { ...UP, ...options });
      for (const text of plan.warnings) tell({ kind: "warning", text });
      const run = { tell, ...(signal === undefined ? {} : { signal }) };
      if (!dryRun) await runSteps({ ...hands, project: asked }, plan.steps, run);
      return plan;
    },
    look: () => look(client, name, { project: project(), env }),
    async down() {
      const options = { services: [], volumes: true, images: "none", orphans: true, timeout: 0 } as const;
      const { steps } = downSteps(name, undefined, await look(client, name), options);
      await runSteps({ ...hands, project: undefined }, steps, { tell: nothing });
    },
    async [Symbol.asyncDispose]() {
      await made.down();
      folder[Symbol.dispose]();
    },
  };
  return made;
}
