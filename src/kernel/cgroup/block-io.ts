import type { SpecBlockIo, SpecThrottle } from "../../oci/runtime-spec.ts";
import { given, integer, type Setting } from "./setting.ts";

const write = (file: string, value: string, at: string): Setting => ({
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

const device = ({ major, minor }: { major: number; minor: number }): string => `${major}:${minor}`;

/** Weights are the BFQ scheduler's: Documentation/block/bfq-iosched.rst. */
export function blockIoV1(io: SpecBlockIo): Setting[] {
  const settings: Setting[] = [];
  if (given(io.weight)) settings.push(write("blkio.bfq.weight", integer(io.weight), "weight"));
  for (const [index, entry] of (io.weightDevice ?? []).entries()) {
    if (!given(entry.weight)) continue;
    const value = `${device(entry)} ${integer(entry.weight)}`;
    settings.push(write("blkio.bfq.weight_device", value, `weightDevice/${index}`));
  }
  for (const [list, file] of THROTTLES) {
    for (const [index, throttle] of (io[list] ?? []).entries()) {
      settings.push(write(file, `${device(throttle)} ${integer(throttle.rate)}`, `${list}/${index}`));
    }
  }
  return settings;
}

export function blockIoV2(io: SpecBlockIo): Setting[] {
  const settings: Setting[] = [];
  if (given(io.weight)) settings.push(write("io.bfq.weight", integer(io.weight), "weight"));
  for (const [index, entry] of (io.weightDevice ?? []).entries()) {
    if (!given(entry.weight)) continue;
    const value = `${device(entry)} ${integer(entry.weight)}`;
    settings.push(write("io.bfq.weight", value, `weightDevice/${index}`));
  }
  for (const [list, , key] of THROTTLES) {
    for (const [index, throttle] of (io[list] ?? []).entries()) {
      settings.push(write("io.max", ioMax(throttle, key), `${list}/${index}`));
    }
  }
  return settings;
}

// Documentation/admin-guide/cgroup-v2.rst, io.max: a rate of 0 is not allowed there, v1's 0 removes the limit.
const ioMax = (throttle: SpecThrottle, key: string): string =>
  `${device(throttle)} ${key}=${throttle.rate === 0 ? "max" : integer(throttle.rate)}`;
