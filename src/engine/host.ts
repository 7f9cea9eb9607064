import { existsSync, readFileSync } from "node:fs";
import { cpus, hostname, release, totalmem } from "node:os";
import { capabilityNames, parseCapabilities } from "../kernel/capabilities.ts";
import { bootId } from "../platform/boot-id.ts";
import { findDisk } from "./spec/block-io.ts";
import { parseHeldLimits } from "./spec/rlimits.ts";
import type { HostFacts } from "./spec/spec.ts";

/** What does not change while the engine runs. */
export interface Host extends HostFacts {
  readonly bootId: string;
  readonly kernelRelease: string;
  readonly kernel: readonly [number, number];
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly hostname: string;
  readonly operatingSystem: string;
}

export function surveyHost(): Host {
  const status = readFileSync("/proc/self/status", "utf8");
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number);
  const unified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  return {
    capabilities: capabilityNames(parseCapabilities(status, "CapBnd")).map((name) =>
      name.slice("CAP_".length),
    ),
    rlimits: parseHeldLimits(readFileSync("/proc/self/limits", "utf8")),
    swapLimit: unified || existsSync("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"),
    bootId: bootId(),
    kernelRelease: release(),
    kernel: [major, minor],
    cpus: cpus().length,
    memory: totalmem(),
    hostname: hostname(),
    operatingSystem: operatingSystem(),
    cgroupVersion: unified ? "2" : "1",
    findDisk,
  };
}

function operatingSystem(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  } catch {
    return "Linux";
  }
}
