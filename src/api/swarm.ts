import { json } from "./answer.ts";
import type { Route } from "./exchange.ts";
import { refuse } from "./status.ts";

/** What a daemon outside a swarm answers: the docker CLI asks these before it says "no such object". */
const resources = ["nodes", "services", "tasks", "secrets", "configs"];

function noSwarm(): void {
  throw refuse(
    503,
    "this is not a swarm manager",
    'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again',
  );
}

function notYet(what: string): () => void {
  return () => {
    throw refuse(404, what, "it is not supported yet");
  };
}

export const swarmRoutes: readonly Route[] = [
  { method: "GET", pattern: "/swarm", handle: noSwarm },
  ...resources.flatMap((resource): Route[] => [
    { method: "GET", pattern: `/${resource}`, handle: noSwarm },
    { method: "GET", pattern: `/${resource}/{rest...}`, handle: noSwarm },
    { method: "POST", pattern: `/${resource}/{rest...}`, handle: noSwarm },
    { method: "DELETE", pattern: `/${resource}/{rest...}`, handle: noSwarm },
  ]),
  { method: "POST", pattern: "/swarm/{rest...}", handle: noSwarm },
  { method: "GET", pattern: "/plugins", handle: (x) => json(x, 200, []) },
  {
    method: "GET",
    pattern: "/plugins/{name...}",
    handle: () => {
      throw refuse(404, "cannot find the plugin", "there are no plugins");
    },
  },
  { method: "POST", pattern: "/build", handle: notYet("cannot build an image") },
  {
    method: "POST",
    pattern: "/build/prune",
    handle: (x) => json(x, 200, { CachesDeleted: null, SpaceReclaimed: 0 }),
  },
  { method: "POST", pattern: "/session", handle: notYet("cannot open a builder session") },
  { method: "POST", pattern: "/grpc", handle: notYet("cannot open a builder session") },
  { method: "POST", pattern: "/commit", handle: notYet("cannot commit a container") },
];
