import type { SpecMemory } from "../../oci/runtime-spec.ts";
import { given, integer, invalid, orMax, refuseOnV2, type Setting } from "./setting.ts";

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
  refuseFlat(memory);
  const settings: Setting[] = [];
  const { limit, swap, reservation, swappiness } = memory;
  if (given(limit)) settings.push(write("memory.limit_in_bytes", integer(limit), "limit"));
  if (given(swap)) settings.push(write("memory.memsw.limit_in_bytes", integer(swap), "swap"));
  // Without a limit on memory one on memory and swap together makes no sense. A kernel that does not count swap has none.
  else if (limit === -1) settings.push(write("memory.memsw.limit_in_bytes", "-1", "limit", true));
  if (given(reservation)) {
    settings.push(write("memory.soft_limit_in_bytes", integer(reservation), "reservation"));
  }
  // Kernels since 5.16 do not limit it, and say so.
  if (given(memory.kernel)) {
    settings.push(write("memory.kmem.limit_in_bytes", integer(memory.kernel), "kernel", true));
  }
  if (given(memory.kernelTCP)) {
    settings.push(write("memory.kmem.tcp.limit_in_bytes", integer(memory.kernelTCP), "kernelTCP"));
  }
  if (swappiness !== undefined) settings.push(write("memory.swappiness", integer(swappiness), "swappiness"));
  if (memory.disableOOMKiller === true) settings.push(write("memory.oom_control", "1", "disableOOMKiller"));
  return settings;
}

/**
 * Documentation/admin-guide/cgroup-v2.rst: swap is counted apart from memory, not on top of it. It is limited first:
 * else what a lower limit pushes out of memory would still go there.
 */
export function memoryV2(memory: SpecMemory): Setting[] {
  refuseFlat(memory);
  refuseOnV2(given(memory.kernel) && memory.kernel > 0, "/memory/kernel", "a limit of the kernel's memory");
  refuseOnV2(
    given(memory.kernelTCP) && memory.kernelTCP > 0,
    "/memory/kernelTCP",
    "a limit of the memory of TCP buffers",
  );
  refuseOnV2(memory.swappiness !== undefined, "/memory/swappiness", "the swappiness of a container");
  refuseOnV2(memory.disableOOMKiller === true, "/memory/disableOOMKiller", "the OOM killer aside");
  const settings: Setting[] = [];
  const { limit, reservation } = memory;
  const swap = swapV2(memory);
  // A kernel that does not count swap has no memory.swap.max, and none to keep a container from.
  const harmless = swap === "max" || swap === "0";
  if (swap !== undefined) settings.push(write("memory.swap.max", swap, "swap", harmless));
  if (given(limit)) settings.push(write("memory.max", orMax(limit, "/memory/limit"), "limit"));
  if (given(reservation))
    settings.push(write("memory.low", orMax(reservation, "/memory/reservation"), "reservation"));
  return settings;
}

/** Kernels since 5.11 count what is below a cgroup as its own, always. */
function refuseFlat({ useHierarchy }: SpecMemory): void {
  if (useHierarchy !== false) return;
  throw invalid(
    "/memory/useHierarchy",
    "cannot switch hierarchical accounting off",
    "the kernel always does it",
  );
}

function swapV2({ limit, swap }: SpecMemory): string | undefined {
  if (!given(swap)) return limit === -1 ? "max" : undefined;
  if (swap < 0) return orMax(swap, "/memory/swap");
  if (given(limit) && limit > 0 && swap >= limit) return integer(swap - limit);
  throw invalid(
    "/memory/swap",
    `cannot limit memory and swap together to ${swap} bytes`,
    given(limit) && limit > 0
      ? `that is below the memory limit of ${limit} bytes`
      : "there is no memory limit",
    "give a memory limit that is not above it",
  );
}
