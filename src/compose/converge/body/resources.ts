import type { Rate, Service } from "../../model/project.ts";

/** What deploy says wins over the service's own members: the two may not differ where both are there. */
export function limits(service: Service): Record<string, unknown> {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const cpus = limits?.cpus ?? service.cpus;
  const swap = service.memswap_limit;
  return {
    Memory: limits?.memory ?? service.mem_limit,
    // 05-services.md, "memswap_limit": 0 is as if it were not there.
    MemorySwap: swap === 0 ? undefined : swap,
    MemoryReservation: reservations?.memory ?? service.mem_reservation,
    MemorySwappiness: service.mem_swappiness,
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    CpuShares: service.cpu_shares,
    CpuPeriod: service.cpu_period,
    CpuQuota: service.cpu_quota,
    CpuRealtimePeriod: service.cpu_rt_period,
    CpuRealtimeRuntime: service.cpu_rt_runtime,
    CpusetCpus: service.cpuset,
    CpuCount: service.cpu_count,
    CpuPercent: service.cpu_percent,
    PidsLimit: limits?.pids ?? service.pids_limit,
    OomKillDisable: service.oom_kill_disable,
    OomScoreAdj: service.oom_score_adj,
    ...blkio(service),
  };
}

const rates = (list: readonly Rate[] | undefined) =>
  list?.map(({ path, rate }) => ({ Path: path, Rate: rate }));

function blkio({ blkio_config: blkio }: Service): Record<string, unknown> {
  return {
    BlkioWeight: blkio?.weight,
    BlkioWeightDevice: blkio?.weight_device?.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: rates(blkio?.device_read_bps),
    BlkioDeviceReadIOps: rates(blkio?.device_read_iops),
    BlkioDeviceWriteBps: rates(blkio?.device_write_bps),
    BlkioDeviceWriteIOps: rates(blkio?.device_write_iops),
  };
}

export const ulimits = ({ ulimits = {} }: Service): readonly unknown[] =>
  Object.entries(ulimits).map(([name, { soft, hard }]) => ({ Name: name, Soft: soft, Hard: hard }));
