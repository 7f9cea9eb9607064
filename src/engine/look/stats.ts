import { readFileSync } from "node:fs";
import type { ContainerStats } from "../engine.ts";
import type { Entry } from "../entry.ts";
import type { Host } from "../host.ts";
import { notRunning } from "../life/stop.ts";

/** One reading of what a container uses. NOT_RUNNING. */
export async function stats(entry: Entry, host: Host): Promise<ContainerStats> {
  if (entry.live === null) throw notRunning(entry, "measure");
  const { pid } = entry.live;
  const read = await entry.live.stats();
  const { throttling } = read.cpu;
  return {
    id: entry.id,
    name: entry.name,
    readAt: read.readAt,
    cpu: {
      total: read.cpu.totalNs,
      user: read.cpu.userNs,
      system: read.cpu.systemNs,
      onlineCpus: host.cpus,
      hostTotal: hostCpuTime(),
      throttling: {
        periods: throttling.periods,
        throttled: throttling.throttled,
        time: throttling.throttledNs,
      },
    },
    // A container without a limit of its own may use what the host has.
    memory: {
      usage: read.memory.usage,
      stat: read.memory.stat,
      limit: read.memory.limit > 0 ? Math.min(read.memory.limit, host.memory) : host.memory,
    },
    pids: read.pids,
    blockIo: read.blockIo,
    networks: entry.origin.options.network.kind === "host" ? {} : interfaces(pid),
  };
}

/** proc_stat(5): the first line sums all processors, in hundredths of a second. */
function hostCpuTime(): bigint {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "";
  const ticks = line.split(/\s+/).slice(1, 8).map(Number);
  return BigInt(ticks.reduce((sum, value) => sum + value, 0)) * 10_000_000n;
}

function interfaces(pid: number): ContainerStats["networks"] {
  const networks: Record<string, ContainerStats["networks"][string]> = {};
  let text = "";
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, "utf8");
  } catch {
    return networks;
  }
  for (const line of text.split("\n").slice(2)) {
    const [name = "", counters = ""] = line.split(":");
    if (name.trim() === "" || name.trim() === "lo") continue;
    const values = counters.trim().split(/\s+/).map(Number);
    networks[name.trim()] = {
      receivedBytes: values[0] ?? 0,
      receivedPackets: values[1] ?? 0,
      sentBytes: values[8] ?? 0,
      sentPackets: values[9] ?? 0,
    };
  }
  return networks;
}
