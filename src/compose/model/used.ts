/** A project without the networks, volumes, secrets, configs and models of which no service makes use. */
import type { Project, Service } from "./project.ts";

interface Use {
  readonly key: string;
  /** Where the service says it. */
  readonly path: readonly string[];
}

const sources = (
  list: readonly { readonly source: string }[] = [],
  ...path: readonly string[]
): readonly Use[] => list.map(({ source }) => ({ key: source, path: [...path, source] }));

const keys = (part: string, mapping: object = {}): readonly Use[] =>
  Object.keys(mapping).map((key) => ({ key, path: [part, key] }));

export const uses = {
  networks: (service: Service) => keys("networks", service.networks),
  volumes: ({ volumes = [] }: Service): readonly Use[] =>
    volumes.flatMap((mount, index) =>
      mount.type === "volume" && mount.source !== undefined
        ? [{ key: mount.source, path: ["volumes", String(index)] }]
        : [],
    ),
  secrets: ({ secrets, build }: Service) => [
    ...sources(secrets, "secrets"),
    ...sources(build?.secrets, "build", "secrets"),
  ],
  configs: ({ configs, credential_spec: spec }: Service): readonly Use[] => [
    ...sources(configs, "configs"),
    ...(spec?.config === undefined ? [] : [{ key: spec.config, path: ["credential_spec", "config"] }]),
  ],
  models: (service: Service) => keys("models", service.models),
} as const;

type Part = keyof typeof uses;

export function usedOf(project: Project): Project {
  const keep = <T>(part: Part, all: ReadonlyMap<string, T>): ReadonlyMap<string, T> => {
    const used = new Set(
      [...project.services.values()].flatMap((service) => uses[part](service).map(({ key }) => key)),
    );
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
