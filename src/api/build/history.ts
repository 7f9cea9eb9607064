/** Beyond Docker: builds that were, and what they told. */
import { createReadStream } from "node:fs";
import { json, stream } from "../answer.ts";
import { type Exchange, parameter } from "../exchange.ts";

const timeOf = (milliseconds: number | null) =>
  milliseconds === null ? null : new Date(milliseconds).toISOString();

export function listBuilds(x: Exchange): void {
  const builds = x.engine.builder.history.list();
  json(
    x,
    200,
    builds.map((build) => ({
      Id: build.id,
      State: build.state,
      Begun: timeOf(build.begunAt),
      Ended: timeOf(build.endedAt),
      Dockerfile: build.dockerfile,
      Context: build.context,
      Target: build.target ?? "",
      Names: build.names,
      Image: build.image,
      Error: build.error,
      Steps: { Done: build.steps.done, Cached: build.steps.cached },
    })),
  );
}

/** The events as they came, a JSON line each. */
export async function buildLog(x: Exchange): Promise<void> {
  const { history } = x.engine.builder;
  const log = history.logOf(history.find(parameter(x, "id")));
  await stream(x, "application/x-ndjson", createReadStream(log));
}
