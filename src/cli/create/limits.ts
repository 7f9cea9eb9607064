import { integer, size } from "../options/readers.ts";
import { UsageError } from "../options/usage-error.ts";

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

/** `nofile=1024:2048`; -1 is unlimited. */
export function ulimit(entry: string): Ulimit {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(entry);
  if (match === null)
    throw new UsageError(
      `cannot use "${entry}" for --ulimit: write NAME=SOFT or NAME=SOFT:HARD, as nofile=1024`,
    );
  const soft = Number(match[2]);
  return { Name: match[1] ?? "", Soft: soft, Hard: Number(match[3] ?? soft) };
}

export interface Device {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

/** `/dev/fuse`, `/dev/sda:/dev/xvda:rw`, `/dev/fuse:rwm`. */
export function device(entry: string): Device {
  const parts = entry.split(":");
  const [source = "", second, third] = parts;
  if (source === "" || parts.length > 3)
    throw new UsageError(
      `cannot use "${entry}" for --device: write SOURCE, SOURCE:TARGET or SOURCE:TARGET:rwm`,
    );
  const permissionsOnly = parts.length === 2 && /^[rwm]+$/.test(second ?? "");
  return {
    PathOnHost: source,
    PathInContainer: second === undefined || permissionsOnly ? source : second,
    CgroupPermissions: permissionsOnly ? (second ?? "rwm") : (third ?? "rwm"),
  };
}

/** `on-failure:3`. */
export function restartPolicy(entry: string | undefined): { Name: string; MaximumRetryCount: number } {
  const [name = "no", retries, ...more] = (entry ?? "no").split(":");
  if (more.length > 0 || (retries !== undefined && !/^\d+$/.test(retries)))
    throw new UsageError(
      `cannot use "${entry}" for --restart: write no, on-failure[:N], always or unless-stopped`,
    );
  return { Name: name, MaximumRetryCount: Number(retries ?? 0) };
}

const disks = [
  ["blkio-weight-device", "BlkioWeightDevice", "Weight", integer],
  ["device-read-bps", "BlkioDeviceReadBps", "Rate", size],
  ["device-write-bps", "BlkioDeviceWriteBps", "Rate", size],
  ["device-read-iops", "BlkioDeviceReadIOps", "Rate", integer],
  ["device-write-iops", "BlkioDeviceWriteIOps", "Rate", integer],
] as const;

/** The options' limits of single disks, each `/dev/sda:1mb`, as the API has them. */
export function diskLimits(
  options: {
    readonly [D in (typeof disks)[number][0]]: readonly string[];
  },
): Record<string, unknown> {
  const lists = disks.map(([name, field, value, read]) => {
    const entries = options[name].map((entry) => {
      const [, path, amount = ""] = /^(\/.*):([^:]+)$/.exec(entry) ?? [];
      try {
        if (path === undefined) throw new Error("a device and a value are wanted");
        return { Path: path, [value]: read(amount) };
      } catch (error) {
        const example = read === size ? "1mb" : "300";
        throw new UsageError(
          `cannot use "${entry}" for --${name}: ${(error as Error).message} (as /dev/sda:${example})`,
        );
      }
    });
    return [field, entries];
  });
  return Object.fromEntries(lists);
}
