import type { ExecutionConfig } from "../../oci/image-config.ts";
import type { ContainerOptions, HealthOption, MountOption } from "../options.ts";
import { mergeEnvironment } from "../spec/environment.ts";

/**
 * What the user asked for, laid over what the image says. A user's entrypoint makes the image's command void
 * (Docker: it was written for the image's entrypoint).
 */
export function mergeImage(options: ContainerOptions, image: NonNullable<ExecutionConfig>): ContainerOptions {
  const reset = options.entrypoint?.length === 1 && options.entrypoint[0] === "";
  const entrypoint = reset ? [] : (options.entrypoint ?? image.Entrypoint ?? []);
  const ownCommand = options.command !== null && options.command.length > 0;
  const command = ownCommand ? options.command : options.entrypoint !== null ? [] : (image.Cmd ?? []);
  return {
    ...options,
    entrypoint,
    command,
    env: mergeEnvironment(image.Env, options.env),
    user: options.user ?? nonEmpty(image.User),
    workingDirectory: options.workingDirectory ?? nonEmpty(image.WorkingDir),
    labels: { ...image.Labels, ...options.labels },
    exposedPorts: [
      ...new Set([...Object.keys(image.ExposedPorts).map(withProtocol), ...options.exposedPorts]),
    ],
    stopSignal: options.stopSignal ?? nonEmpty(image.StopSignal),
    stopTimeout: options.stopTimeout ?? image.StopTimeout ?? null,
    health: mergeHealth(options.health, image.Healthcheck),
    shell: options.shell ?? image.Shell ?? null,
    mounts: [...options.mounts, ...imageVolumes(options, Object.keys(image.Volumes))],
  };
}

/** Field by field: who changes the interval alone keeps the image's command. */
function mergeHealth(asked: HealthOption, image: ExecutionConfig["Healthcheck"]): HealthOption {
  if (image === null || image === undefined) return asked;
  return {
    test: asked.test.length > 0 ? asked.test : image.Test,
    interval: asked.interval || image.Interval,
    timeout: asked.timeout || image.Timeout,
    startPeriod: asked.startPeriod || image.StartPeriod,
    startInterval: asked.startInterval || image.StartInterval,
    retries: asked.retries || image.Retries,
  };
}

/** Each VOLUME of the image where nothing else is mounted becomes an anonymous volume. */
function imageVolumes(options: ContainerOptions, targets: readonly string[]): MountOption[] {
  const taken = new Set(options.mounts.map((mount) => mount.target));
  return targets
    .filter((target) => !taken.has(target))
    .map((target) => ({
      type: "volume",
      name: null,
      target,
      readOnly: false,
      copy: true,
      labels: {},
      options: {},
      subpath: null,
    }));
}

function nonEmpty(text: string): string | null {
  return text === "" ? null : text;
}

function withProtocol(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}
