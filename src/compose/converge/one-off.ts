/** `inro compose run`: a container of a service, for one command. */
import { randomBytes } from "node:crypto";
import type { Environment, Mount, Port, Project, Service, Texts } from "../model/project.ts";

/** What the command line says instead of the file. */
export interface OneOff {
  /** None: the service's. */
  readonly command: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment: Environment;
  readonly labels: Texts;
  readonly volumes: readonly Mount[];
  readonly ports: readonly Port[];
  /** With the service's ports; those of the command line win. */
  readonly servicePorts: boolean;
  readonly user?: string;
  readonly workingDir?: string;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly tty: boolean;
  readonly interactive: boolean;
}

/** The service as the run sees it: what it does not publish itself stays unpublished, and nothing restarts it. */
export function oneOffService(service: Service, asked: OneOff): Service {
  const { entrypoint, user, workingDir, command } = asked;
  const targets = new Set(asked.volumes.map(({ target }) => target));
  const { container_name: _name, restart: _restart, ports = [], deploy, healthcheck, ...rest } = service;
  const { restart_policy: _policy, ...others } = deploy ?? { extensions: {} };
  return {
    ...rest,
    ...(healthcheck === undefined ? {} : { healthcheck }),
    ...(deploy === undefined ? {} : { deploy: others }),
    // An entry point of one's own begins without the file's command.
    command: command.length > 0 ? command : entrypoint === undefined ? service.command : null,
    entrypoint: entrypoint ?? service.entrypoint,
    environment: { ...service.environment, ...asked.environment },
    labels: { ...service.labels, ...asked.labels },
    volumes: [...(service.volumes ?? []).filter(({ target }) => !targets.has(target)), ...asked.volumes],
    ports: [...(asked.servicePorts ? ports : []), ...asked.ports],
    cap_add: [...(service.cap_add ?? []), ...asked.capAdd],
    cap_drop: [...(service.cap_drop ?? []), ...asked.capDrop],
    tty: asked.tty,
    stdin_open: asked.interactive,
    ...(user === undefined ? {} : { user }),
    ...(workingDir === undefined ? {} : { working_dir: workingDir }),
  };
}

/** What tells single runs of a service apart: 64 hexadecimal digits. */
export const oneOffSlug = (): string => randomBytes(32).toString("hex");

/** `project-service-run-3f2c…`. */
export const oneOffName = (project: Project, service: Service, slug: string): string =>
  `${project.name}-${service.name}-run-${slug.slice(0, 12)}`;
