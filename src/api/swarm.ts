import { json } from "./answer.ts";
import { type Exchange, parameter, type Route } from "./exchange.ts";
import { refuse } from "./status.ts";

/** What a daemon outside a swarm answers: the docker CLI knows by these words that it is no failure, and looks on. */
function noManager(): void {
  throw refuse(503, "This node is not a swarm manager", "this engine has no swarm mode");
}

function noMember(): void {
  throw refuse(503, "This node is not part of a swarm", "this engine has no swarm mode");
}

function noPlugin(x: Exchange): void {
  throw refuse(404, `plugin "${parameter(x, "name")}" not found`, "this engine has no plugins");
}

function notYet(what: string): () => void {
  return () => {
    throw refuse(404, what, "it is not supported yet");
  };
}

const none = (methods: readonly string[], pattern: string, handle: (x: Exchange) => void): readonly Route[] =>
  methods.map((method) => ({ method, pattern, handle }));

/** Docker's resources of a swarm; each of them has a list, and verbs below. */
const resources = ["nodes", "services", "tasks", "secrets", "configs"];

export const swarmRoutes: readonly Route[] = [
  ...resources.flatMap((resource) => [
    ...none(["GET"], `/${resource}`, noManager),
    ...none(["GET", "POST", "DELETE"], `/${resource}/{rest...}`, noManager),
  ]),
  ...none(["POST"], "/swarm/leave", noMember),
  ...none(["GET"], "/swarm", noManager),
  ...none(["GET", "POST"], "/swarm/{rest...}", noManager),
  // Volumes of a swarm's: those that are here have nothing that could be changed this way.
  ...none(["PUT"], "/volumes/{name}", () => {
    throw refuse(503, "volume update only valid for cluster volumes", "swarm is unavailable");
  }),
  { method: "GET", pattern: "/plugins", handle: (x) => json(x, 200, []) },
  ...none(["GET"], "/plugins/privileges", () => {
    throw refuse(404, "cannot look for a plugin", "this engine has no plugins");
  }),
  ...none(["POST"], "/plugins/{verb}", () => {
    throw refuse(404, "cannot add a plugin", "this engine has no plugins");
  }),
  ...none(["GET"], "/plugins/{name...}/json", noPlugin),
  ...none(["POST"], "/plugins/{name...}/{verb}", noPlugin),
  ...none(["DELETE"], "/plugins/{name...}", noPlugin),
  { method: "POST", pattern: "/session", handle: notYet("cannot open a builder session") },
  { method: "POST", pattern: "/grpc", handle: notYet("cannot open a builder session") },
];
