import { InroError } from "../../oci/error.ts";
import type { SpecMemory } from "../../oci/runtime-spec.ts";
import { given, integer, orMax, type Setting } from "./setting.ts";

const write = (file: string, value: string, at: string, optional = false): Setting => ({
  controller: "memory",
  file,
  value,
  at: `/memory/${at}`,
  ...(optional ? { optional } : {}),
});

/**
 * Documentation/admin-guide/cgroup-v1/memory.rst: memory.memsw.limit_in_bytes may not be below memory.limit_in_bytes,
 * so in a fresh cgroup (both unlimited) the limit is written first.
 */
export function memoryV1(memory: SpecMemory): Setting[] {
  const settings: Setting[] = [];
  const { limit, swap, reservation, swappiness } = memory;
  if (given(limit)) settings.push(write("memory.limit_in_bytes", integer(limit), "limit"));
  if (given(swap)) settings.push(write("memory.memsw.limit_in_bytes", integer(swap), "swap"));
  if (given(reservation)) {
    settings.push(write("memory.soft_limit_in_bytes", integer(reservation), "reservation"));
  }
  if (given(memory.kernelTCP)) {
    settings.push(write("memory.kmem.tcp.limit_in_bytes", integer(memory.kernelTCP), "kernelTCP", true));
  }
  if (swappiness !== undefined) settings.push(write("memory.swappiness", integer(swappiness), "swappiness"));
  if (memory.disableOOMKiller === true) settings.push(write("memory.oom_control", "1", "disableOOMKiller"));
  return settings;
}

/** Documentation/admin-guide/cgroup-v2.rst: swap is counted apart from memory, not on top of it. */
export function memoryV2(memory: SpecMemory): Setting[] {
  const settings: Setting[] = [];
  const { limit, reservation } = memory;
  if (given(limit)) settings.push(write("memory.max", orMax(limit), "limit"));
  if (given(reservation)) settings.push(write("memory.low", orMax(reservation), "reservation"));
  const swap = swapV2(memory);
  // A kernel without swap accounting has no memory.swap.max.
  if (swap !== undefined) settings.push(write("memory.swap.max", swap, "swap", true));
  return settings;
}

function swapV2({ limit, swap }: SpecMemory): string | undefined {
  if (!given(swap)) return limit === -1 ? "max" : undefined;
  if (swap < 0) return "max";
  if (!given(limit) || limit < 0 || swap < limit) {
    throw new InroError("RESOURCE_INVALID", {
      what: `cannot limit memory and swap together to ${swap} bytes`,
      why: given(limit) ? `that is below the memory limit of ${limit} bytes` : "there is no memory limit",
      hint: "give a memory limit that is not above it",
      at: "/linux/resources/memory/swap",
    });
  }
  return integer(swap - limit);
}
