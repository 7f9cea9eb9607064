import type { Action, Step } from "../../../src/compose/converge/step.ts";

export const step = (
  id: string,
  action: Action,
  after: readonly string[] = [],
  why = "it is not there",
): Step => ({
  ...{ id, action, after, why },
});

/** A database that is waited for, and a web server whose container is made anew. */
export const network = step("create network default", {
  ...{ kind: "create network", key: "default", name: "app_default" },
});
export const makeDb = step(
  "create db-1",
  { kind: "create", service: "db", number: 1, name: "app-db-1", inherits: {} },
  [network.id],
);
export const startDb = step("start db-1", { kind: "start", service: "db", container: "app-db-1" }, [
  makeDb.id,
]);
export const waitDb = step(
  "wait db",
  { kind: "wait", service: "db", containers: ["app-db-1"], condition: "service_healthy", required: true },
  [startDb.id],
);
export const makeWeb = step(
  "create web-1",
  {
    ...{ kind: "create", service: "web", number: 1, name: "0123456789ab_app-web-1" },
    ...{ replaces: "0123456789ab", inherits: {} },
  },
  [network.id],
  "its image changed",
);
export const removeWeb = step(
  "remove web-1",
  { kind: "remove", service: "web", container: "app-web-1", volumes: true },
  [makeWeb.id],
);
export const renameWeb = step(
  "rename web-1",
  { kind: "rename", service: "web", container: "0123456789ab_app-web-1", to: "app-web-1" },
  [removeWeb.id],
);
export const startWeb = step("start web-1", { kind: "start", service: "web", container: "app-web-1" }, [
  renameWeb.id,
  waitDb.id,
]);

export const all = [network, makeDb, startDb, waitDb, makeWeb, removeWeb, renameWeb, startWeb];
