import { afterAll, beforeAll, expect } from "bun:test";
import { type HeldSocket, heldSocket } from "../api/held.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import type { Finished, Host, RunOptions } from "../support/host.ts";
import { busyboxMissing, loadBusybox } from "./busybox.ts";

/** Why the tests that need an engine and an image are skipped, where they are. */
export const engineMissing = rootMissing || busyboxMissing || Bun.which("docker") === null;

export interface DockerEngine<H extends Host> {
  readonly host: H;
  readonly engine: TestEngine;
  /** The socket on which answers are held against the description, for other clients. */
  readonly socket: string;
  docker(...words: string[]): Promise<Finished>;
  dockerWith(options: RunOptions, ...words: string[]): Promise<Finished>;
  /** Standard output of a command that has to succeed. */
  ok(...words: string[]): Promise<string>;
  /** Docker's record of one object. */
  inspect(kind: string, name: string): Promise<ReturnType<typeof JSON.parse>>;
}

/**
 * An engine with the image `busybox`, loaded by the docker CLI, for all tests of the `describe` that calls it. What the
 * CLI is answered is held against Docker's description of the API.
 */
export function dockerEngine<H extends Host>(hostOf: () => H | Promise<H>): DockerEngine<H> {
  const scope = new AsyncDisposableStack();
  let made: { readonly host: H; readonly engine: TestEngine; readonly held: HeldSocket } | undefined;
  const own = () => made ?? expect.unreachable("the engine is there when the tests run");
  const dockerWith: DockerEngine<H>["dockerWith"] = ({ env, ...options }, ...words) =>
    own().engine.dockerWith(
      { ...options, env: { DOCKER_HOST: `unix://${own().held.socket}`, ...env } },
      ...words,
    );
  const docker: DockerEngine<H>["docker"] = (...words) => dockerWith({}, ...words);
  const ok: DockerEngine<H>["ok"] = async (...words) => {
    const { code, stdout, stderr } = await docker(...words);
    if (code !== 0) throw new Error(`docker ${words.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
  beforeAll(async () => {
    const host = scope.use(await hostOf());
    const engine = scope.use(await testEngine(host));
    made = { host, engine, held: scope.use(await heldSocket(engine.socket)) };
    await loadBusybox(made.engine);
  }, 60_000);
  afterAll(async () => {
    const breaches = [...(made?.held.breaches ?? [])];
    await scope.disposeAsync();
    expect(breaches).toEqual([]);
  }, 60_000);
  return {
    get host() {
      return own().host;
    },
    get engine() {
      return own().engine;
    },
    get socket() {
      return own().held.socket;
    },
    docker,
    dockerWith,
    ok,
    inspect: async (kind, name) => JSON.parse(await ok("inspect", "--type", kind, name))[0],
  };
}
