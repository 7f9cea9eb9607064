/** Limits that services and builds have. */

import { dictionary, list, set, texts } from "./collection.ts";
import type { Doc } from "./doc.ts";
import { type At, inside, type Kind, refuse } from "./kind.ts";
import type { BlkioConfig, DeviceRequest, Rate, Ulimit } from "./project.ts";
import { record } from "./record.ts";
import { integer, loose, size, text } from "./scalar.ts";

const bound = integer(-1);

const ulimit: Kind<Ulimit> = {
  read: (node, at) => {
    if (node.kind !== "mapping") {
      const both = bound.read(node, at);
      return { soft: both, hard: both, single: true };
    }
    const [soft, hard] = ["soft", "hard"].map((key) => {
      const entry = node.entries.get(key);
      return entry === undefined
        ? refuse(at, node.place, `it has no ${key}`, "write both soft and hard, or one number for both")
        : bound.read(entry.value, inside(at, key));
    }) as [number, number];
    if (hard !== -1 && (soft > hard || soft === -1))
      refuse(at, node.place, `soft ${soft} is above hard ${hard}`, "the soft limit is at most the hard one");
    return { soft, hard, single: false };
  },
  print: ({ soft, hard, single }, form) => {
    if (single && soft !== 0) return soft;
    const both = [
      ["soft", soft],
      ["hard", hard],
    ] as const;
    return new Map<string, Doc>(both.filter(([, limit]) => form === "yaml" || limit !== 0));
  },
};

export const ulimits: Kind<Readonly<Record<string, Ulimit>>> = dictionary(ulimit);

const weight = integer(10, 1000);

/** In JSON docker compose v2 shows these members by names of its own. */
const named = <T>(kind: Kind<T>, jsonName: string): Kind<T> => ({ ...kind, jsonName });

const rates = (rate: Kind<number>) =>
  list(record<Rate>({ path: named(text, "Path"), rate: named({ ...rate, print: String }, "Rate") }));

export const blkioConfig: Kind<BlkioConfig> = record<BlkioConfig>({
  weight,
  weight_device: list(
    record<{ path: string; weight: number }>({ path: named(text, "Path"), weight: named(weight, "Weight") }),
  ),
  device_read_bps: rates(size),
  device_read_iops: rates(integer(0)),
  device_write_bps: rates(size),
  device_write_iops: rates(integer(0)),
});

/** `all` is -1. */
const count: Kind<number> = {
  ...integer(-1),
  read: (node, at) =>
    node.kind === "scalar" && ["all", -1, "-1"].includes(node.value as string | number)
      ? -1
      : integer(1).read(node, at),
};

const longRequest = record<DeviceRequest>({
  capabilities: set(text),
  driver: text,
  count,
  device_ids: list(loose),
  options: texts,
});

export const deviceRequest: Kind<DeviceRequest> = {
  ...longRequest,
  read: (node, at) => {
    const read = longRequest.read(node, at);
    if (read.count !== undefined && read.device_ids !== undefined)
      refuse(at, node.place, "it says both count and device_ids", "leave one away");
    return read.count === undefined && read.device_ids === undefined ? { ...read, count: -1 } : read;
  },
};

/** The requests of a service for its GPUs; `all` is one request for all of them. */
export const gpus: Kind<readonly DeviceRequest[]> = {
  read: (node, at: At) =>
    node.kind === "scalar"
      ? node.value === "all"
        ? [{ capabilities: ["gpu"], count: -1 }]
        : refuse(at, node.place, `${JSON.stringify(node.value)} is neither "all" nor a list of requests`)
      : list(deviceRequest)
          .read(node, at)
          .map((request) => ({
            ...request,
            capabilities: [...new Set(["gpu", ...(request.capabilities ?? [])])],
          })),
  print: list(deviceRequest).print,
};
