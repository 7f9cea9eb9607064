import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxMissing } from "../engine/busybox.ts";
import { type Composing, composing } from "../support/composing.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { type Daemon, daemon } from "./daemon.ts";
import { soon } from "./killing.ts";
import { asked, FILE, found, MORE, PROJECT, remains } from "./project.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/compose-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 8);

/** How often what was cut is brought to its end before all of it is taken away. */
const ROUNDS = 4;

interface Cut {
  readonly title: string;
  /** What is begun, over what there is already. */
  readonly begun: (project: Project) => Promise<ChildProcess>;
  readonly killed: "the command" | "the daemon";
}

interface Project {
  /** The file as it is now; each number is another one. */
  version: number;
  /** Whether the service that only one of the files has is in it. */
  withMore: boolean;
  compose(): Composing;
}

const UP = ["up", "-d", "--wait", "--remove-orphans"];

const cuts: readonly Cut[] = [
  {
    title: "up of what is not there",
    begun: async (project) => {
      await project.compose().out("down", "-v", "--remove-orphans");
      return begin(project, ...UP);
    },
    killed: "the command",
  },
  {
    title: "up that makes containers again",
    begun: async (project) => {
      project.version++;
      project.withMore = !project.withMore;
      return begin(project, ...UP);
    },
    killed: "the command",
  },
  { title: "down", begun: async (project) => begin(project, "down", "-v"), killed: "the command" },
  {
    title: "up, and the daemon goes",
    begun: async (project) => {
      project.version++;
      project.withMore = !project.withMore;
      return begin(project, ...UP);
    },
    killed: "the daemon",
  },
];

const begin = (project: Project, ...words: string[]) =>
  project.compose().spawn({ stdio: ["ignore", "ignore", "ignore"] }, ...words);

const endOf = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });

describe.skipIf(rootMissing || busyboxMissing)("compose is cut", () => {
  const scope = new AsyncDisposableStack();
  let d: Daemon;
  let project: Project;
  let rest: Awaited<ReturnType<typeof remains>>;
  beforeAll(async () => {
    const folder = scope.use(temporaryFolder("cut"));
    const [file, more] = [join(folder.path, "compose.yaml"), join(folder.path, "more.yaml")];
    writeFileSync(file, FILE);
    writeFileSync(more, MORE);
    d = scope.use(await daemon());
    rest = await remains(d);
    project = {
      ...{ version: 0, withMore: false },
      compose() {
        const files = this.withMore ? ["-f", more] : [];
        writeFileSync(join(folder.path, ".env"), `V=${this.version}\n`);
        return composing("inro compose", d, file, "-p", PROJECT, ...files);
      },
    };
  }, 60_000);
  afterAll(() => scope.disposeAsync(), 60_000);

  const nothingIsLeft = async () => {
    await project.compose().out("down", "-v", "--remove-orphans");
    await soon(() => remains(d), rest);
  };

  const asTheFileSays = async () => {
    const compose = project.compose();
    await compose.out(...UP);
    const lines = (await compose.out("config", "--hash", "*")).trim().split("\n");
    const hashes = new Map(lines.map((line) => line.split(" ") as [string, string]));
    await soon(() => found(d, hashes), asked(project.withMore));
  };

  test(
    `after each of ${KILLS} kills at random moments, up ends in what the file says, and down leaves nothing`,
    async () => {
      const windows = new Map<Cut, number>();
      for (let n = 0; n < KILLS; n++) {
        const cut = cuts[n % cuts.length] as Cut;
        const start = performance.now();
        if (!windows.has(cut)) {
          await endOf(await cut.begun(project));
          windows.set(cut, performance.now() - start);
          await asTheFileSays();
        }
        const child = await cut.begun(project);
        await Bun.sleep(1.1 * (windows.get(cut) ?? 0) * Math.random());
        if (cut.killed === "the command") child.kill("SIGKILL");
        else await d.end("SIGKILL");
        await endOf(child);
        if (cut.killed === "the daemon") await d.serve();
        await asTheFileSays();
        if (n % ROUNDS === ROUNDS - 1) await nothingIsLeft();
      }
      await nothingIsLeft();
      const told = [...windows].map(([{ title }, window]) => `${title}: ${Math.round(window)} ms`);
      console.log(`kills: ${KILLS}; whole, they took: ${told.join(", ")}`);
    },
    60_000 + KILLS * 20_000,
  );

  test("down that was cut is taken up again by down, with what the file does not name any more", async () => {
    project.withMore = true;
    await asTheFileSays();
    const child = await begin(project, "down", "-v");
    await Bun.sleep(60);
    child.kill("SIGKILL");
    await endOf(child);
    project.withMore = false;
    await nothingIsLeft();
  }, 60_000);

  describe("a service that ends in its own health check", () => {
    const written = (check: string, restart: string) => `
services:
  fragile:
    image: busybox
    command: sh -c 'echo begun; trap "echo struck down; exit 3" TERM; while :; do sleep 0.05; done'
    stop_signal: SIGKILL
    restart: "${restart}"
    healthcheck: { test: ${JSON.stringify(check)}, interval: 100ms, timeout: 20s, retries: 50 }
  needs:
    image: busybox
    command: sleep 7200
    stop_signal: SIGKILL
    depends_on: { fragile: { condition: service_healthy } }
`;
    const states = async () => {
      const all: { Names: string[]; Status: string }[] = JSON.parse(
        await d.ask("GET", "/containers/json?all=1"),
      );
      const state = (status: string) => /\((.*)\)/.exec(status)?.[1] ?? status.split(" ")[0];
      return all.map(({ Names: [name], Status }) => `${name} ${state(Status)}`).sort();
    };

    test("up says which, with its last words; mended, it ends in what the file says", async () => {
      using folder = temporaryFolder("fragile");
      const file = join(folder.path, "compose.yaml");
      const compose = composing("inro compose", d, file, "-p", PROJECT);
      for (const how of [[], ["--wait"]]) {
        await compose.run("down", "-v");
        writeFileSync(file, written("kill -TERM 1; sleep 5", "no"));
        const failed = await compose.run("up", "-d", ...how);
        expect(failed.code).toBe(1);
        expect(failed.stderr).toContain("fragile");
        expect(failed.stderr).toMatch(/exited.*3|exit code 3|\(3\)/);
        expect(failed.stderr).toContain("struck down");
        expect(await states()).toEqual(["/cut-fragile-1 3", "/cut-needs-1 Created"]);
        writeFileSync(file, written("true", "no"));
        await compose.out("up", "-d", ...how);
        await soon(states, ["/cut-fragile-1 healthy", "/cut-needs-1 Up"]);
      }
      await compose.out("down", "-v");
      await soon(() => remains(d), rest);
    }, 60_000);

    test("one that its restart policy brings back is waited for", async () => {
      using folder = temporaryFolder("fragile");
      const file = join(folder.path, "compose.yaml");
      writeFileSync(
        file,
        written("[ -e /struck ] || { touch /struck; kill -TERM 1; sleep 5; }", "on-failure"),
      );
      const compose = composing("inro compose", d, file, "-p", PROJECT);
      await compose.out("up", "-d", "--wait");
      expect(await states()).toEqual(["/cut-fragile-1 healthy", "/cut-needs-1 Up"]);
      await compose.out("down", "-v");
      await soon(() => remains(d), rest);
    }, 60_000);
  });
});
