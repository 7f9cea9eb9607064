import type { CgroupFolder, CgroupSet } from "../set.ts";
import { folderOf, rows, text } from "./files.ts";
import { type Pressure, readPressure } from "./pressure.ts";

/** One device's count of one kind of operation: `Read`, `Write`, `Sync`, `Async`, `Discard`, `Total`; "" of all. */
export interface DeviceCount {
  readonly major: number;
  readonly minor: number;
  readonly operation: string;
  readonly value: number;
}

/** Nested cgroups included. What the kernel does not count is empty. */
export interface BlockIoStats {
  readonly serviceBytes: readonly DeviceCount[];
  readonly serviced: readonly DeviceCount[];
  readonly queued: readonly DeviceCount[];
  readonly serviceTime: readonly DeviceCount[];
  readonly waitTime: readonly DeviceCount[];
  readonly merged: readonly DeviceCount[];
  readonly time: readonly DeviceCount[];
  readonly sectors: readonly DeviceCount[];
  readonly pressure: Pressure | null;
}

type Table = Exclude<keyof BlockIoStats, "pressure">;
type Tables = Readonly<Record<Table, readonly DeviceCount[]>>;

// Documentation/admin-guide/cgroup-v1/blkio-controller.rst. The debugging ones need CONFIG_BFQ_CGROUP_DEBUG.
const V1_FILES: Readonly<Record<Table, string>> = {
  serviceBytes: "io_service_bytes_recursive",
  serviced: "io_serviced_recursive",
  queued: "io_queued_recursive",
  serviceTime: "io_service_time_recursive",
  waitTime: "io_wait_time_recursive",
  merged: "io_merged_recursive",
  time: "time_recursive",
  sectors: "sectors_recursive",
};
const TABLES = Object.keys(V1_FILES) as Table[];

export function blockIoStats(set: CgroupSet): BlockIoStats {
  const folder = folderOf(set, "blkio");
  const tables = folder?.version === 2 ? parseIoStat(text(folder, "io.stat")) : tablesV1(folder);
  return { ...tables, pressure: readPressure(set, "io") };
}

/** BFQ counts what goes to its devices; the throttling layer counts every device, but only bytes and operations. */
function tablesV1(folder: CgroupFolder | undefined): Tables {
  const read = (layer: string, name: Table): DeviceCount[] =>
    parseCounts(text(folder, `blkio.${layer}.${V1_FILES[name]}`));
  const layer = read("bfq", "serviced").length > 0 ? "bfq" : "throttle";
  return tablesOf((name) => read(layer, name));
}

const tablesOf = (counts: (name: Table) => DeviceCount[]): Tables =>
  Object.fromEntries(TABLES.map((name) => [name, counts(name)])) as unknown as Tables;

/** `8:0 Read 4096`, or `8:0 12`; the sum over all devices has no number before it. */
export function parseCounts(content: string): DeviceCount[] {
  return rows(content).flatMap((words): DeviceCount[] => {
    const [major, minor] = numbersOf(words[0]);
    if (major === undefined || minor === undefined) return [];
    const operation = words.length > 2 ? (words[1] ?? "") : "";
    return [{ major, minor, operation, value: Number(words.at(-1)) }];
  });
}

/** Documentation/admin-guide/cgroup-v2.rst, io.stat: which key belongs into which table. */
const V2_KEYS: Readonly<Record<string, readonly [table: Table, operation: string]>> = {
  rbytes: ["serviceBytes", "Read"],
  wbytes: ["serviceBytes", "Write"],
  dbytes: ["serviceBytes", "Discard"],
  rios: ["serviced", "Read"],
  wios: ["serviced", "Write"],
  dios: ["serviced", "Discard"],
};

export function parseIoStat(content: string): Tables {
  const found = rows(content).flatMap(([device, ...words]) => {
    const [major, minor] = numbersOf(device);
    if (major === undefined || minor === undefined) return [];
    return words.flatMap((word) => {
      const [key = "", value] = word.split("=");
      const [table, operation] = V2_KEYS[key] ?? [];
      if (table === undefined || operation === undefined) return [];
      return [{ table, count: { major, minor, operation, value: Number(value) } }];
    });
  });
  return tablesOf((name) => found.flatMap(({ table, count }) => (table === name ? [count] : [])));
}

const numbersOf = (device = ""): number[] => (/^\d+:\d+$/.test(device) ? device.split(":").map(Number) : []);
