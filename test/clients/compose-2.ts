import { dirname } from "node:path";
import type { TestEngine } from "../support/engine.ts";
import type { Finished, Host, RunOptions } from "../support/host.ts";
import { tool } from "../support/tools.ts";
import { engineMissing } from "./docker.ts";

export const compose2Missing = engineMissing || tool("docker-compose-2") === undefined;

export type Compose = (options: RunOptions, ...words: readonly string[]) => Promise<Finished>;

/** The unmodified docker compose v2 against an engine; by the classic builder, as Debian has no other one. */
export function compose2(host: Host, engine: Pick<TestEngine, "socket" | "dataRoot">): Compose {
  const own = {
    DOCKER_HOST: `unix://${engine.socket}`,
    DOCKER_CONFIG: dirname(engine.dataRoot),
    DOCKER_BUILDKIT: "0",
  };
  return ({ env, ...options }, ...words) =>
    host.run(tool("docker-compose-2") ?? "docker-compose", words, { ...options, env: { ...own, ...env } });
}
