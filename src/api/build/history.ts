/** Beyond Docker: builds that were, and what they told. */
import { createReadStream } from "node:fs";
import { begin, json, send, stream } from "../answer.ts";
import { type Exchange, parameter } from "../exchange.ts";
import { flag } from "../query.ts";

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

/** The events as they came, a JSON line each; followed, also those to come, until the build ends. */
export async function buildLog(x: Exchange): Promise<void> {
  const { history } = x.engine.builder;
  const build = history.find(parameter(x, "id"));
  const type = "application/x-ndjson";
  if (!flag(x.query, "follow")) return stream(x, type, createReadStream(history.logOf(build)));
  begin(x, type);
  for await (const part of history.follow(build, x.signal)) await send(x, part);
  x.response.end();
}
