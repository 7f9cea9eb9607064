/** What a file may say and Inro does not act on: told once each, with the services that say it. */
import type { Project, Service } from "./project.ts";

const SWARM = "is for clusters: containers run on this machine only";
const WINDOWS = "is for Windows";

const members: readonly {
  readonly name: string;
  readonly why: string;
  readonly said: (service: Service) => boolean;
}[] = [
  { name: "develop", why: "watching files is not done", said: ({ develop }) => develop !== undefined },
  { name: "models", why: "models are not run", said: ({ models }) => models !== undefined },
  {
    name: "provider",
    why: "what it provides is not started; others may depend on it",
    said: ({ provider }) => provider !== undefined,
  },
  ...(["placement", "endpoint_mode", "update_config", "rollback_config"] as const).map((key) => ({
    name: `deploy.${key}`,
    why: SWARM,
    said: ({ deploy }: Service) => deploy?.[key] !== undefined,
  })),
  {
    name: "deploy.labels",
    why: "is for a cluster's services; a container has labels",
    said: ({ deploy }) => deploy?.labels !== undefined,
  },
  {
    name: "deploy.mode",
    why: SWARM,
    said: ({ deploy }) => deploy?.mode !== undefined && deploy.mode !== "replicated",
  },
  {
    name: "deploy.resources.reservations.generic_resources",
    why: SWARM,
    said: ({ deploy }) => deploy?.resources?.reservations?.generic_resources !== undefined,
  },
  {
    name: "isolation",
    why: WINDOWS,
    said: ({ isolation }) => isolation !== undefined && isolation !== "default",
  },
  { name: "credential_spec", why: WINDOWS, said: (service) => service.credential_spec !== undefined },
  { name: "cpu_count", why: WINDOWS, said: (service) => service.cpu_count !== undefined },
  { name: "cpu_percent", why: WINDOWS, said: (service) => service.cpu_percent !== undefined },
  {
    name: "volumes of type npipe",
    why: WINDOWS,
    said: ({ volumes = [] }) => volumes.some(({ type }) => type === "npipe"),
  },
  {
    name: "volumes of type cluster",
    why: SWARM,
    said: ({ volumes = [] }) => volumes.some(({ type }) => type === "cluster"),
  },
  {
    name: "ports",
    why: "with network_mode: host all of a container's ports are the host's",
    said: ({ ports = [], network_mode }) => network_mode === "host" && ports.length > 0,
  },
];

/** A line each. */
export function notActedOn({ services }: Project): readonly string[] {
  return members.flatMap(({ name, why, said }) => {
    const sayers = [...services.values()].filter(said).map((service) => service.name);
    return sayers.length === 0 ? [] : [`${name} (${sayers.join(", ")}): is not acted on: ${why}`];
  });
}
