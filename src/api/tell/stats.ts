import type { ContainerStats } from "../../engine/engine.ts";
import { exact } from "../answer.ts";

export interface Sample {
  readonly id: string;
  readonly name: string;
  /** `null`: it does not run. */
  readonly stats: ContainerStats | null;
}

const NEVER = "0001-01-01T00:00:00Z";

function cpu(stats: ContainerStats | null) {
  if (stats === null) {
    const usage = { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 };
    return { cpu_usage: usage, throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 } };
  }
  const { cpu } = stats;
  return {
    cpu_usage: {
      total_usage: exact(cpu.total),
      usage_in_kernelmode: exact(cpu.system),
      usage_in_usermode: exact(cpu.user),
    },
    system_cpu_usage: exact(cpu.hostTotal),
    online_cpus: cpu.onlineCpus,
    throttling_data: {
      periods: cpu.throttling.periods,
      throttled_periods: cpu.throttling.throttled,
      throttled_time: exact(cpu.throttling.time),
    },
  };
}

type Counts = ContainerStats["blockIo"]["serviced"];

const counts = (list: Counts = []) =>
  list.map(({ major, minor, operation, value }) => ({ major, minor, op: operation.toLowerCase(), value }));

function networks(stats: ContainerStats) {
  return Object.fromEntries(
    Object.entries(stats.networks).map(([name, counted]) => [
      name,
      {
        rx_bytes: counted.receivedBytes,
        rx_packets: counted.receivedPackets,
        rx_errors: 0,
        rx_dropped: 0,
        tx_bytes: counted.sentBytes,
        tx_packets: counted.sentPackets,
        tx_errors: 0,
        tx_dropped: 0,
      },
    ]),
  );
}

/** Docker's record of one moment, beside the moment before it: clients make percentages of the two. */
export function statsRecord({ id, name, stats }: Sample, before: ContainerStats | null) {
  const blkio = {
    io_service_bytes_recursive: counts(stats?.blockIo.serviceBytes),
    io_serviced_recursive: counts(stats?.blockIo.serviced),
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
  return {
    name: `/${name}`,
    id,
    read: stats?.readAt.toISOString() ?? NEVER,
    preread: before?.readAt.toISOString() ?? NEVER,
    pids_stats:
      stats === null
        ? {}
        : { current: stats.pids.current, ...(stats.pids.limit === null ? {} : { limit: stats.pids.limit }) },
    blkio_stats: blkio,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu(stats),
    precpu_stats: cpu(before),
    memory_stats:
      stats === null
        ? {}
        : { usage: stats.memory.usage, stats: stats.memory.stat, limit: stats.memory.limit },
    ...(stats === null ? {} : { networks: networks(stats) }),
  };
}
