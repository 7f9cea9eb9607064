import { afterEach, describe, expect, test } from "bun:test";
import { type Compose, compose2, compose2Missing } from "../clients/compose-2.ts";
import { dockerEngine } from "../clients/docker.ts";
import { ownHost } from "../support/host.ts";
import { emptied, outcomeOf, projectCopy, projects } from "./project.ts";

/** Where docker compose 2.26 does not do what the specification says, which `inro compose` does. */
const different: Readonly<Record<string, string>> = {
  "mac-address-of-service": "it loses a service's mac_address when it speaks version 1.44 and newer",
  "volumes-from-read-only": "it loses the :ro of volumes_from",
};

describe.skipIf(compose2Missing)("inro compose and docker compose v2", () => {
  const it = dockerEngine(ownHost);
  afterEach(() => emptied(it.engine));

  /** What each of both makes of a project on an engine that has nothing else. */
  async function both(name: string) {
    using project = projectCopy(name);
    const ours: Compose = (options, ...words) => it.engine.inroWith(options, "compose", ...words);
    const theirs = compose2(it.host, { socket: it.socket, dataRoot: it.engine.dataRoot });
    const expected = await outcomeOf(project, theirs, it.engine);
    expect(Object.keys(expected.containers)).not.toEqual([]);
    await emptied(it.engine);
    return { expected, made: await outcomeOf(project, ours, it.engine) };
  }

  test.each(projects.filter((name) => !(name in different)))("make the same of: %s", async (name) => {
    const { expected, made } = await both(name);
    expect(made).toEqual(expected);
  });

  test.each(Object.entries(different))("differ in %s: %s", async (name) => {
    const { expected, made } = await both(name);
    expect(made).not.toEqual(expected);
  });
});
