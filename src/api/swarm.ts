import { json } from "./answer.ts";
import type { Exchange, Route } from "./exchange.ts";
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

function noBuilder(x: Exchange): void {
  throw refuse(404, `cannot serve ${x.request.url}`, "the builder does not exist yet");
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
  { method: "POST", pattern: "/build", handle: noBuilder },
  {
    method: "POST",
    pattern: "/build/prune",
    handle: (x) => json(x, 200, { CachesDeleted: null, SpaceReclaimed: 0 }),
  },
  { method: "POST", pattern: "/session", handle: noBuilder },
  { method: "POST", pattern: "/grpc", handle: noBuilder },
  { method: "POST", pattern: "/commit", handle: noBuilder },
];
