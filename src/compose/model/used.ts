/** A project without the networks, volumes, secrets, configs and models of which no service makes use. */
import type { Project, Service } from "./project.ts";

export const uses = {
  networks: (service: Service) => Object.keys(service.networks ?? {}),
  volumes: ({ volumes = [] }: Service) =>
    volumes.flatMap((mount) => (mount.type === "volume" && mount.source !== undefined ? [mount.source] : [])),
  secrets: ({ secrets = [], build }: Service) =>
    [...secrets, ...(build?.secrets ?? [])].map((use) => use.source),
  configs: ({ configs = [], credential_spec }: Service) => [
    ...configs.map((use) => use.source),
    ...(credential_spec?.config === undefined ? [] : [credential_spec.config]),
  ],
  models: ({ models = {} }: Service) => Object.keys(models),
} as const;

type Part = keyof typeof uses;

export function usedOf(project: Project): Project {
  const keep = <T>(part: Part, all: ReadonlyMap<string, T>): ReadonlyMap<string, T> => {
    const used = new Set([...project.services.values()].flatMap(uses[part]));
    return new Map([...all].filter(([key]) => used.has(key)));
  };
  return {
    ...project,
    networks: keep("networks", project.networks),
    volumes: keep("volumes", project.volumes),
    secrets: keep("secrets", project.secrets),
    configs: keep("configs", project.configs),
    models: keep("models", project.models),
  };
}
