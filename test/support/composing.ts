import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Finished, Host, RunOptions, SpawnOptions } from "./host.ts";
import { tool } from "./tools.ts";

/** One of the programs that read a Compose file, for a project of the test's. */
export interface Composing {
  /** However it ends. */
  run(...words: readonly string[]): Promise<Finished>;
  runWith(options: RunOptions, ...words: readonly string[]): Promise<Finished>;
  /** Standard output of what has to succeed. */
  out(...words: readonly string[]): Promise<string>;
  /** Begins it, to be killed; it is the process itself that is answered. */
  spawn(options: SpawnOptions, ...words: readonly string[]): ChildProcess;
}

export const composers = ["inro compose", "docker compose"] as const;
export type Composer = (typeof composers)[number];

/** docker compose is wanted by a few tests only. */
export const composerMissing = (name: Composer) =>
  name === "docker compose" && tool("docker-compose-2") === undefined;

const executable = join(import.meta.dir, "../../build/inro");

/** `more`: words before the verb, such as `-p shop`. By the socket alone: a client that knows the places would start a daemon. */
export function composing(
  name: Composer,
  { host, socket }: { readonly host: Host; readonly socket: string },
  file: string,
  ...more: readonly string[]
): Composing {
  const [program = "", ...first] =
    name === "inro compose"
      ? [executable, "-H", `unix://${socket}`, "compose"]
      : [tool("docker-compose-2") ?? ""];
  // docker compose's builder is the one of the classic API.
  const own = { DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: "0" };
  const all = (words: readonly string[]) => [...first, "-f", file, ...more, ...words];
  const runWith = (options: RunOptions, ...words: readonly string[]) =>
    host.run(program, all(words), { timeout: 180_000, ...options, env: { ...own, ...options.env } });
  return {
    runWith,
    run: (...words) => runWith({}, ...words),
    spawn: (options, ...words) =>
      host.spawn(program, all(words), { ...options, env: { ...own, ...options.env } }),
    async out(...words) {
      const { code, stdout, stderr } = await runWith({}, ...words);
      if (code !== 0) throw new Error(`${name} ${words.join(" ")}: exit code ${code}: ${stdout}${stderr}`);
      return stdout;
    },
  };
}
