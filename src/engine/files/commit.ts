import { changed } from "../../image/change.ts";
import type { Image, MakeRequest } from "../../image/images.ts";
import { platformOf } from "../../image/platforms.ts";
import type { Reference } from "../../oci/reference.ts";
import { diskFull } from "../../platform/disk-full.ts";
import { type Core, tell } from "../core.ts";
import type { Entry } from "../entry.ts";
import type { ContainerOptions } from "../options.ts";
import { withWritten } from "./written.ts";

export interface CommitOptions {
  readonly name: Reference | null;
  readonly author: string;
  readonly comment: string;
  /** A Dockerfile's instructions (`CMD …`). */
  readonly changes: readonly string[];
  /** A running container stands still while its files are read. */
  readonly pause: boolean;
}

const set = (keys: readonly string[]): Record<string, object> =>
  Object.fromEntries(keys.map((key) => [key, {}]));

/** What of the container could run on any host; what no container overrides is the image's. */
function configOf(options: ContainerOptions, image: Image): MakeRequest["config"] {
  const volumes = options.mounts.filter((mount) => mount.type === "volume" && mount.name === null);
  return {
    ...image.config.config,
    User: options.user ?? "",
    ExposedPorts: set(options.exposedPorts),
    Env: [...options.env],
    Entrypoint: options.entrypoint?.length ? [...options.entrypoint] : null,
    Cmd: options.command?.length ? [...options.command] : null,
    Volumes: set(volumes.map((mount) => mount.target)),
    WorkingDir: options.workingDirectory ?? "",
    Labels: options.labels,
    StopSignal: options.stopSignal ?? "",
    StopTimeout: options.stopTimeout,
    Healthcheck: healthcheckOf(options),
    Shell: options.shell === null ? null : [...options.shell],
  };
}

function healthcheckOf({ health }: ContainerOptions): MakeRequest["config"]["Healthcheck"] {
  const { test, interval, timeout, startPeriod, startInterval, retries } = health;
  if (test.length === 0) return null;
  return {
    Test: [...test],
    Interval: interval,
    Timeout: timeout,
    StartPeriod: startPeriod,
    StartInterval: startInterval,
    Retries: retries,
  };
}

/**
 * Makes the container's writable layer the last layer of a new image. The container keeps its turn meanwhile: it neither
 * starts nor goes. NO_SUCH_IMAGE, INVALID_OPTION, LAYER_REFUSED, NO_SPACE.
 */
export async function commit(core: Core, entry: Entry, o: CommitOptions): Promise<Image> {
  // What the options ask for is refused before the container stands still.
  const config = changed(
    configOf(entry.origin.options, core.images.resolve(entry.origin.imageId)),
    o.changes,
  );
  try {
    return await withWritten(core, entry, o.pause, async (tar, below) => {
      const image = await core.images.make({
        ...{ below, config, tar, name: o.name, author: o.author, comment: o.comment },
        platform: platformOf(below.config),
        isForeign: false,
        createdBy: entry.origin.arguments.join(" "),
      });
      tell(core, entry, "commit", {
        comment: o.comment,
        imageID: image.id,
        imageRef: image.names[0] ?? "",
      });
      return image;
    });
  } catch (cause) {
    throw (
      diskFull(cause, { what: `cannot commit the container "${entry.name}"`, folder: core.root }) ?? cause
    );
  }
}
