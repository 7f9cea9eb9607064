import type { WaitCondition } from "../../engine/engine.ts";
import { begin, empty, json } from "../answer.ts";
import { askedContainer } from "../ask/container.ts";
import { askedPlatformOf } from "../ask/platform.ts";
import { askedChange, unchangeable } from "../ask/update.ts";
import { mountsIn } from "../ask/volumes-from.ts";
import { invalid } from "../asked.ts";
import { body } from "../body.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { filters, flag, integer, text, windowSize } from "../query.ts";

/** A container's life, from its making to its end. */
export const lifeRoutes: readonly Route[] = [
  { method: "POST", pattern: "/containers/create", handle: create },
  { method: "POST", pattern: "/containers/prune", handle: prune },
  { method: "POST", pattern: "/containers/{id}/start", handle: start },
  { method: "POST", pattern: "/containers/{id}/stop", handle: stop },
  { method: "POST", pattern: "/containers/{id}/restart", handle: restart },
  { method: "POST", pattern: "/containers/{id}/kill", handle: kill },
  { method: "POST", pattern: "/containers/{id}/pause", handle: pause },
  { method: "POST", pattern: "/containers/{id}/unpause", handle: unpause },
  { method: "POST", pattern: "/containers/{id}/rename", handle: rename },
  { method: "POST", pattern: "/containers/{id}/resize", handle: resize },
  { method: "POST", pattern: "/containers/{id}/wait", handle: wait },
  { method: "POST", pattern: "/containers/{id}/update", handle: update },
  { method: "DELETE", pattern: "/containers/{id}", handle: remove },
];

async function create(x: Exchange): Promise<void> {
  const { options, warnings } = askedContainer(await body(x.request), mountsIn(x.engine));
  const platform = askedPlatformOf(x, options.image);
  const made = await x.engine.containers.create(options, text(x.query, "name"), platform);
  json(x, 201, { Id: made.id, Warnings: [...warnings, ...made.warnings] });
}

async function start(x: Exchange): Promise<void> {
  for (const name of ["checkpoint", "checkpoint-dir"])
    if (text(x.query, name) !== null) throw invalid(name, "checkpoints are not supported");
  empty(x, (await x.engine.containers.start(parameter(x, "id"))) ? 204 : 304);
}

const ending = (x: Exchange) => ({ signal: text(x.query, "signal"), timeout: integer(x.query, "t") });

async function stop(x: Exchange): Promise<void> {
  empty(x, (await x.engine.containers.stop(parameter(x, "id"), ending(x))) ? 204 : 304);
}

async function restart(x: Exchange): Promise<void> {
  await x.engine.containers.restart(parameter(x, "id"), ending(x));
  empty(x, 204);
}

async function kill(x: Exchange): Promise<void> {
  await x.engine.containers.kill(parameter(x, "id"), text(x.query, "signal") ?? "SIGKILL");
  empty(x, 204);
}

async function pause(x: Exchange): Promise<void> {
  await x.engine.containers.pause(parameter(x, "id"));
  empty(x, 204);
}

async function unpause(x: Exchange): Promise<void> {
  await x.engine.containers.unpause(parameter(x, "id"));
  empty(x, 204);
}

async function rename(x: Exchange): Promise<void> {
  const name = text(x.query, "name");
  if (name === null) throw invalid("name", "Neither old nor new names may be empty");
  await x.engine.containers.rename(parameter(x, "id"), name.replace(/^\//, ""));
  empty(x, 204);
}

async function resize(x: Exchange): Promise<void> {
  await x.engine.containers.resize(parameter(x, "id"), windowSize(x.query));
  empty(x, 200);
}

const conditions: readonly WaitCondition[] = ["not-running", "next-exit", "removed"];

/** The head goes out as soon as the waiting has begun: the docker CLI starts the container only then. */
async function wait(x: Exchange): Promise<void> {
  const asked = text(x.query, "condition") ?? "not-running";
  const condition = conditions.find((one) => one === asked);
  if (condition === undefined) throw invalid("condition", `"${asked}" is none of ${conditions.join(", ")}`);
  const { ended } = x.engine.containers.wait(parameter(x, "id"), condition);
  begin(x, "application/json");
  const answer = await ended.then(
    (exit) => ({ StatusCode: exit.code, ...(exit.error === "" ? {} : { Error: { Message: exit.error } }) }),
    (error: unknown) => ({ StatusCode: -1, Error: { Message: String((error as Error).message) } }),
  );
  x.response.end(`${JSON.stringify(answer)}\n`);
}

async function update(x: Exchange): Promise<void> {
  const asked = await body(x.request);
  const warnings = unchangeable(asked);
  await x.engine.containers.update(parameter(x, "id"), askedChange(asked));
  json(x, 200, { Warnings: warnings });
}

async function remove(x: Exchange): Promise<void> {
  if (flag(x.query, "link")) throw invalid("link", "a container keeps the links that it was made with");
  const options = { force: flag(x.query, "force"), volumes: flag(x.query, "v") };
  await x.engine.containers.remove(parameter(x, "id"), options);
  empty(x, 204);
}

async function prune(x: Exchange): Promise<void> {
  const { removed, reclaimed } = await x.engine.containers.prune({
    filters: filters(x.query),
    dryRun: flag(x.query, "dry-run"),
  });
  json(x, 200, { ContainersDeleted: removed, SpaceReclaimed: reclaimed });
}
