import type { SpecBlockIo, SpecThrottle } from "../../oci/runtime-spec.ts";
import { given, integer, refuseOnV2, type Setting } from "./setting.ts";

const setting = (file: string, value: string, at: string): Setting => ({
  controller: "blkio",
  file,
  value,
  at: `/blockIO/${at}`,
});

/** Which list of the specification goes into which v1 file, and under which key of v2's io.max. */
const THROTTLES = [
  ["throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"],
  ["throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"],
  ["throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"],
  ["throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"],
] as const;

/** BFQ has no weights for leaves; CFQ, which had, is gone from every kernel that we run on. */
const LEAF_WEIGHT = "a weight among a cgroup's own children";

const device = ({ major, minor }: { major: number; minor: number }): string => `${major}:${minor}`;

/** Weights are the BFQ scheduler's: Documentation/block/bfq-iosched.rst. */
export function blockIoV1(io: SpecBlockIo): Setting[] {
  const settings: Setting[] = [];
  if (given(io.weight)) settings.push(setting("blkio.bfq.weight", integer(io.weight), "weight"));
  if (given(io.leafWeight)) {
    settings.push(setting("blkio.leaf_weight", integer(io.leafWeight), "leafWeight"));
  }
  for (const [index, entry] of (io.weightDevice ?? []).entries()) {
    const at = `weightDevice/${index}`;
    const add = (file: string, weight: number | undefined) => {
      if (given(weight)) settings.push(setting(file, `${device(entry)} ${integer(weight)}`, at));
    };
    add("blkio.bfq.weight_device", entry.weight);
    add("blkio.leaf_weight_device", entry.leafWeight);
  }
  for (const [list, file] of THROTTLES) {
    for (const [index, throttle] of (io[list] ?? []).entries()) {
      const value = `${device(throttle)} ${integer(throttle.rate)}`;
      settings.push(setting(file, value, `${list}/${index}`));
    }
  }
  return settings;
}

export function blockIoV2(io: SpecBlockIo): Setting[] {
  refuseOnV2(given(io.leafWeight), "/blockIO/leafWeight", LEAF_WEIGHT);
  const settings: Setting[] = [];
  if (given(io.weight)) settings.push(weight("default", io.weight, "weight"));
  for (const [index, entry] of (io.weightDevice ?? []).entries()) {
    const at = `weightDevice/${index}`;
    refuseOnV2(given(entry.leafWeight), `/blockIO/${at}`, LEAF_WEIGHT);
    if (given(entry.weight)) settings.push(weight(device(entry), entry.weight, at));
  }
  for (const [list, , key] of THROTTLES) {
    for (const [index, throttle] of (io[list] ?? []).entries()) {
      settings.push(setting("io.max", ioMax(throttle, key), `${list}/${index}`));
    }
  }
  return settings;
}

/** BFQ's own weight where the kernel has that scheduler, else the cost model's (io.weight). */
const weight = (key: string, value: number, at: string): Setting => ({
  ...setting("io.bfq.weight", `${key} ${integer(value)}`, at),
  otherwise: { file: "io.weight", value: `${key} ${ioWeight(value)}` },
});

/** v1's 10 to 1000 as io.weight's 1 to 10000, in a straight line: the conversion that runc and crun agreed upon. */
export function ioWeight(weight: number): number {
  return Math.min(Math.max(1 + Math.floor(((weight - 10) * 9999) / 990), 1), 10_000);
}

// Documentation/admin-guide/cgroup-v2.rst, io.max: a rate of 0 is not allowed there, v1's 0 removes the limit.
const ioMax = (throttle: SpecThrottle, key: string): string =>
  `${device(throttle)} ${key}=${throttle.rate === 0 ? "max" : integer(throttle.rate)}`;
