import { existsSync, statSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import type { SpecBlockIo } from "../../oci/runtime-spec.ts";
import type { BlkioLimit, Resources } from "../options.ts";
import { deviceNumbers } from "./devices.ts";

type DeviceList = Exclude<keyof SpecBlockIo, "weight" | "leafWeight">;

/** Each limit by its list in the specification, and the option that asks for it. */
export const BLKIO_LIMITS: {
  readonly [L in BlkioLimit]: { readonly list: DeviceList; readonly flag: string };
} = {
  weight: { list: "weightDevice", flag: "--blkio-weight-device" },
  readBps: { list: "throttleReadBpsDevice", flag: "--device-read-bps" },
  writeBps: { list: "throttleWriteBpsDevice", flag: "--device-write-bps" },
  readIops: { list: "throttleReadIOPSDevice", flag: "--device-read-iops" },
  writeIops: { list: "throttleWriteIOPSDevice", flag: "--device-write-iops" },
};

export const blkioLimits = Object.keys(BLKIO_LIMITS) as readonly BlkioLimit[];

export interface BlockDevice {
  readonly major: number;
  readonly minor: number;
}

/** A disk of the host by its path; `flag` asked for it. DEVICE_MISSING, INVALID_OPTION. */
export type FindDisk = (path: string, flag: string) => BlockDevice;

export const findDisk: FindDisk = (path, flag) => {
  const refusal = (code: string, why: string, hint?: string) =>
    new InroError(code, { what: `cannot limit the device "${path}"`, why, at: flag, ...(hint && { hint }) });
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw refusal("DEVICE_MISSING", "it does not exist on the host");
  if (!stats.isBlockDevice()) throw refusal("INVALID_OPTION", "it is not a block device");
  const { major, minor } = deviceNumbers(stats);
  // block/blk-cgroup.c, blkg_conf_open_bdev: the kernel limits whole disks.
  if (existsSync(`/sys/dev/block/${major}:${minor}/partition`))
    throw refusal("INVALID_OPTION", "it is a partition", "limits are those of a whole disk: name that");
  return { major, minor };
};

/** Absent where nothing was asked for. */
export function blockIoOf({ blkioWeight, blkioDevices }: Resources, find: FindDisk): SpecBlockIo | undefined {
  const lists = blkioLimits.flatMap((limit) => {
    const { list, flag } = BLKIO_LIMITS[limit];
    const entries = blkioDevices[limit].map(({ path, rate }) => ({
      ...find(path, flag),
      ...(limit === "weight" ? { weight: rate } : { rate }),
    }));
    return entries.length === 0 ? [] : [[list, entries] as const];
  });
  if (blkioWeight === 0 && lists.length === 0) return undefined;
  return { ...(blkioWeight > 0 && { weight: blkioWeight }), ...Object.fromEntries(lists) };
}
