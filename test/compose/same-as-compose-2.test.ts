import { afterEach, describe, expect, test } from "bun:test";
import { compose2, compose2Missing } from "../clients/compose-2.ts";
import { dockerEngine } from "../clients/docker.ts";
import { ownHost } from "../support/host.ts";
import { emptied, outcomeOf, projectCopy, projects } from "./project.ts";

describe.skipIf(compose2Missing)("what docker compose v2 makes of a project", () => {
  const it = dockerEngine(ownHost);
  afterEach(() => emptied(it.engine));

  test.each(projects)("%s: is the same each time", async (name) => {
    using project = projectCopy(name);
    const compose = compose2(it.host, { socket: it.socket, dataRoot: it.engine.dataRoot });
    const once = await outcomeOf(project, compose, it.engine);
    expect(Object.keys(once.containers)).not.toEqual([]);
    await emptied(it.engine);
    expect(await outcomeOf(project, compose, it.engine)).toEqual(once);
  });
});
