import { cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Compose } from "../clients/compose-2.ts";
import type { TestEngine } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { initial, type Outcome, outcome } from "./outcome.ts";

const folder = join(import.meta.dir, "projects");

/** The folders of projects, each with what its file is about as its name. */
export const projects: readonly string[] = readdirSync(folder).sort();

/** A copy of a project, since what is run may write into it; gone with the scope. */
export interface ProjectCopy extends Disposable {
  readonly path: string;
  readonly text: string;
  /** The words of each command that is run, one after the other: the lines of its file `steps`, else `up -d`. */
  readonly steps: readonly (readonly string[])[];
}

/** Its folder has the project's own name: what tools make is named after that. */
export function projectCopy(name: string): ProjectCopy {
  const room = temporaryFolder("project");
  const path = join(room.path, name);
  cpSync(join(folder, name), path, { recursive: true });
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).map((file) => join(path, file));
  const steps = join(path, "steps");
  const lines = existsSync(steps) ? readFileSync(steps, "utf8").trim().split("\n") : ["up -d"];
  return {
    path,
    text: files
      .filter((file) => statSync(file).isFile())
      .map((file) => readFileSync(file, "utf8"))
      .join("\n"),
    steps: lines.map((line) => line.split(" ")),
    [Symbol.dispose]: () => room[Symbol.dispose](),
  };
}

/**
 * Runs a project by a tool on an engine that has nothing else and answers what is there when its containers have
 * come to rest: `docker …` is a command of docker's own, other steps are the tool's. Throws what a step that fails said.
 */
export async function outcomeOf(
  project: ProjectCopy,
  compose: Compose,
  engine: TestEngine,
): Promise<Outcome> {
  const env = { FROM_HOST: "of the host" };
  for (const step of project.steps) {
    const [first, ...rest] = step;
    const done = await (first === "docker"
      ? engine.dockerWith({ env, cwd: project.path }, ...rest)
      : compose({ env, cwd: project.path }, ...step));
    if (done.code !== 0) throw new Error(`${step.join(" ")}: ${done.stdout}${done.stderr}`);
  }
  await settled(engine);
  return await outcome(engine.socket, project);
}

/** Until whatever has a label `ends` has ended and no health is open any more. */
async function settled(engine: TestEngine): Promise<void> {
  const open = ["ps", "-q", "--filter"];
  for (const filter of ["label=ends", "health=starting"]) {
    for (let tries = 0; (await engine.docker(...open, filter)).stdout !== ""; tries++) {
      if (tries > 200) throw new Error(`containers stay as they are: ${filter}`);
      await Bun.sleep(50);
    }
  }
}

/** Takes away whatever an engine has beside the images that it began with. */
export async function emptied(engine: TestEngine): Promise<void> {
  const all = async (...words: string[]) =>
    (await engine.docker(...words)).stdout.split("\n").filter(Boolean);
  const images = (await all("images", "--format", "{{.Repository}}:{{.Tag}}")).filter(
    (name) => !initial.has(name),
  );
  for (const [remove, names] of [
    [["rm", "-fv"], await all("ps", "-aq")],
    [["network", "rm"], await all("network", "ls", "-q", "-f", "type=custom")],
    [["volume", "rm", "-f"], await all("volume", "ls", "-q")],
    [["rmi", "-f"], images],
  ] as const) {
    const { code, stderr } =
      names.length === 0 ? { code: 0, stderr: "" } : await engine.docker(...remove, ...names);
    if (code !== 0) throw new Error(stderr);
  }
}
