import type { BlkioLimit, DeviceRate, Resources } from "../../engine/options.ts";
import { blkioLimits } from "../../engine/spec/block-io.ts";
import { type Asked, integer, invalid, objects, text } from "../asked.ts";

/** Docker's names: `BlkioDeviceReadBps: [{"Path": "/dev/sda", "Rate": 1048576}]`. */
export const blkioFields: {
  readonly [L in BlkioLimit]: { readonly name: string; readonly value: "Weight" | "Rate" };
} = {
  weight: { name: "BlkioWeightDevice", value: "Weight" },
  readBps: { name: "BlkioDeviceReadBps", value: "Rate" },
  writeBps: { name: "BlkioDeviceWriteBps", value: "Rate" },
  readIops: { name: "BlkioDeviceReadIOps", value: "Rate" },
  writeIops: { name: "BlkioDeviceWriteIOps", value: "Rate" },
};

/** What is asked of single disks. INVALID_OPTION. */
export function blkioDevices(from: Asked): Resources["blkioDevices"] {
  const lists = blkioLimits.map((limit) => [limit, ratesOf(from, limit)] as const);
  return Object.fromEntries(lists) as unknown as Resources["blkioDevices"];
}

function ratesOf(from: Asked, limit: BlkioLimit): readonly DeviceRate[] {
  const { name, value } = blkioFields[limit];
  return objects(from, name).map((entry) => {
    const path = text(entry, "Path");
    if (!path.startsWith("/")) throw invalid(`${entry.at}Path`, "it is not an absolute path");
    const rate = integer(entry, value);
    if (rate < 0) throw invalid(entry.at + value, "it is negative");
    if (limit === "weight" && (rate < 10 || rate > 1000))
      throw invalid(entry.at + value, "it is not within 10 to 1000");
    return { path, rate };
  });
}
