import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, rmdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Finished, Host, RunOptions } from "./host.ts";
import { temporaryFolder } from "./temporary.ts";
import { tool } from "./tools.ts";

const executable = join(import.meta.dir, "../../build/inro");

/** A daemon of the test's own, with roots of its own; its containers, cgroups and bridge go with the scope. */
export interface TestEngine extends AsyncDisposable {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly socket: string;
  /** The command line against this engine: `engine.inro("run", "--rm", "hello")`. */
  inro(...words: string[]): Promise<Finished>;
  inroWith(options: RunOptions, ...words: string[]): Promise<Finished>;
  /** The unmodified docker CLI against this engine. */
  docker(...words: string[]): Promise<Finished>;
  dockerWith(options: RunOptions, ...words: string[]): Promise<Finished>;
  /** What a test needs to start either by itself, in a terminal for instance. */
  readonly command: readonly string[];
  /** SIGKILL to the daemon alone. */
  kill(): Promise<void>;
  /** Starts the daemon again. */
  serve(): Promise<void>;
}

/** Containers need root; without it a test says so and is skipped. */
export const rootMissing = process.getuid?.() !== 0;

/** `words` are options of the daemon beside its places. */
export async function testEngine(host: Host, ...words: readonly string[]): Promise<TestEngine> {
  return await testEngineIn(temporaryFolder("engine"), host, ...words);
}

/** With its roots in a folder, which goes with it. */
export async function testEngineIn(
  folder: Disposable & { readonly path: string },
  host: Host,
  ...words: readonly string[]
): Promise<TestEngine> {
  const dataRoot = join(folder.path, "data");
  const execRoot = join(folder.path, "run");
  const socket = join(execRoot, "inro.sock");
  const place = ["--data-root", dataRoot, "--exec-root", execRoot, "-H", `unix://${socket}`];
  const docker = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: folder.path };
  let daemon: ChildProcess | undefined;

  const serve = async () => {
    daemon = host.spawn(executable, ["serve", ...place, ...words], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    const started = daemon;
    for (let tries = 0; !(await answers(socket)); tries++) {
      if (tries > 400 || started.exitCode !== null) throw new Error("the daemon does not answer");
      await Bun.sleep(25);
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    const ending = daemon;
    daemon = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    await ended;
  };
  const engine: TestEngine = {
    dataRoot,
    execRoot,
    socket,
    serve,
    command: [executable, ...place],
    kill: () => end("SIGKILL"),
    inro: (...words) => host.run(executable, [...place, ...words]),
    inroWith: (options, ...words) => host.run(executable, [...place, ...words], options),
    docker: (...words) => host.run("docker", words, { env: docker }),
    dockerWith: (options, ...words) =>
      host.run("docker", words, { ...options, env: { ...docker, ...options.env } }),
    [Symbol.asyncDispose]: async () => {
      if (daemon === undefined) await serve();
      const ids = (await engine.inro("ps", "-aq")).stdout.split("\n").filter((id) => id !== "");
      if (ids.length > 0) await engine.inro("rm", "-f", "-v", ...ids);
      await end("SIGTERM");
      await removeTraces(host, dataRoot);
      folder[Symbol.dispose]();
    },
  };
  await serve();
  return engine;
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const attempt = connect(socket);
    attempt.once("connect", () => resolve(true));
    attempt.once("error", () => resolve(false));
    attempt.once("close", () => resolve(false));
    attempt.once("connect", () => attempt.destroy());
  });
}

/** The bridge, table and cgroup parent of an engine derive from its data root; an engine that ends leaves them. */
async function removeTraces(host: Host, dataRoot: string): Promise<void> {
  const suffix = createHash("sha256").update(dataRoot).digest("hex").slice(0, 8);
  await host.run("ip", ["link", "delete", `inro-${suffix}`]);
  const nft = tool("nft");
  if (nft !== undefined) await host.run(nft, ["delete", "table", "ip", `inro_${suffix}`]);
  for (const folder of globSync(`/sys/fs/cgroup/{*/,}inro*${suffix}{/*,}`).sort().reverse()) {
    const processes = join(folder, "cgroup.procs");
    if (existsSync(processes) && readFileSync(processes, "utf8") === "") rmdirSync(folder);
  }
}
