import type { ToldOptions } from "../../engine/options.ts";
import { type Asked, field, flag, integer, invalid, text } from "../asked.ts";

/** Docker's names of the runtime that every engine has, and ours. */
export const RUNTIMES: readonly string[] = ["inro", "runc", "io.containerd.runc.v2"];

/**
 * What Docker can and we cannot, or has one answer here. A container that would miss what it was promised for its safety
 * or its work is refused; what only makes it less comfortable is told as a warning.
 */
export function toldOptions(host: Asked): ToldOptions {
  const runtime = text(host, "Runtime") || "inro";
  if (!RUNTIMES.includes(runtime))
    throw invalid(`${host.at}Runtime`, `unknown or invalid runtime name: ${runtime}`);
  const userns = text(host, "UsernsMode");
  if (userns !== "" && userns !== "host")
    throw invalid(`${host.at}UsernsMode`, `invalid user namespace mode: "${userns}" (there is host)`);
  const volumeDriver = text(host, "VolumeDriver");
  if (volumeDriver !== "" && volumeDriver !== "local")
    throw invalid(`${host.at}VolumeDriver`, `no volume driver is named "${volumeDriver}" (there is local)`);
  if (!["", "default"].includes(text(host, "Isolation")))
    throw invalid(`${host.at}Isolation`, "it is Windows'");
  if (text(host, "Cgroup") !== "")
    throw invalid(`${host.at}Cgroup`, "another container's cgroup cannot be shared");
  return { runtime, userns, volumeDriver, idFile: text(host, "ContainerIDFile") };
}

/** Of Windows, of kernels that were, and of builds. */
export const DISCARDED = {
  host: [
    ...["CpuRealtimePeriod", "CpuRealtimeRuntime", "KernelMemory", "KernelMemoryTCP"],
    ...["CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth"],
  ],
  body: ["ArgsEscaped", "OnBuild"],
} as const;

export function warnings(body: Asked, host: Asked): readonly string[] {
  const discarded = [
    ...DISCARDED.body.filter((name) => isSaid(field(body, name))),
    ...DISCARDED.host.filter((name) => isSaid(field(host, name))),
  ];
  const found = discarded.map((name) => `${name} is not supported: discarded.`);
  if (flag(host, "OomKillDisable") && integer(host, "Memory") === 0) {
    found.push("OOM killer is disabled for the container, but no memory limit is set.");
  }
  return found;
}

/** Go's clients send what nobody asked for as zero, false, null or an empty list. */
const isSaid = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && Boolean(value);
