import { join } from "node:path";
import type { TestEngine } from "../support/engine.ts";
import type { Finished, Host } from "../support/host.ts";
import { toolRoot } from "../support/tools.ts";

type Run = (...words: readonly string[]) => Promise<Finished>;

/** The system's Python with packages that were fetched, and the engine in DOCKER_HOST. */
export function python(host: Host, engine: TestEngine, packages: "docker-py" | "docker-compose"): Run {
  const env = {
    DOCKER_HOST: `unix://${engine.socket}`,
    PYTHONPATH: join(toolRoot(packages) ?? "", "usr/lib/python3/dist-packages"),
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONWARNINGS: "ignore",
  };
  return (...words) => host.run("/usr/bin/python3", words, { env });
}

/** docker-compose 1.29 for one project. */
export function dockerCompose(host: Host, engine: TestEngine, project: string): Run {
  const start = "from compose.cli.main import main; main()";
  const run = python(host, engine, "docker-compose");
  return (...words) => run("-c", start, "-p", project, ...words);
}
