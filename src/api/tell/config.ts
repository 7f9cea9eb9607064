import type { ContainerDetails } from "../../engine/engine.ts";
import { healthcheck } from "./health.ts";

/** `null` where a set is empty, as Go prints an absent map. */
export function setOf(keys: readonly string[]): Record<string, object> | null {
  return keys.length === 0 ? null : Object.fromEntries(keys.map((key) => [key, {}]));
}

const listOrNull = (list: readonly string[] | null) => (list === null || list.length === 0 ? null : list);

/** Docker's Config: what of a container could run on any host. */
export function config(container: ContainerDetails) {
  const { options } = container;
  const ports = setOf(options.exposedPorts);
  const volumes = options.mounts.filter((mount) => mount.type === "volume" && mount.name === null);
  return {
    Hostname: options.hostname ?? (options.network.kind === "host" ? "" : container.id.slice(0, 12)),
    Domainname: options.domainname ?? "",
    User: options.user ?? "",
    AttachStdin: options.attachStdin,
    AttachStdout: options.attachStdout,
    AttachStderr: options.attachStderr,
    ...(ports === null ? {} : { ExposedPorts: ports }),
    Tty: options.tty,
    OpenStdin: options.openStdin,
    StdinOnce: options.stdinOnce,
    Env: options.env,
    Cmd: listOrNull(options.command),
    Image: options.image,
    Volumes: setOf(volumes.map((mount) => mount.target)),
    WorkingDir: options.workingDirectory ?? "",
    Entrypoint: listOrNull(options.entrypoint),
    OnBuild: null,
    Labels: options.labels,
    ...(options.stopSignal === null ? {} : { StopSignal: options.stopSignal }),
    ...(options.stopTimeout === null ? {} : { StopTimeout: options.stopTimeout }),
    ...healthcheck(options.health),
    ...(options.shell === null ? {} : { Shell: options.shell }),
  };
}
