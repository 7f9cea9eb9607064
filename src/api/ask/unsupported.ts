import { type Asked, flag, integer, invalid, text } from "../asked.ts";

/**
 * What Docker can and we cannot yet. A container that would miss what it was promised for its safety or its work is
 * refused; what only makes it less comfortable is told as a warning.
 */
export function refuseUnsupported(host: Asked): void {
  const runtime = text(host, "Runtime");
  if (!["", "inro"].includes(runtime)) {
    throw invalid(`${host.at}Runtime`, `unknown or invalid runtime name: ${runtime}`);
  }
  if (!["", "host"].includes(text(host, "UsernsMode"))) {
    throw invalid(`${host.at}UsernsMode`, "user namespaces are not supported yet");
  }
  if (!["", "default"].includes(text(host, "Isolation")))
    throw invalid(`${host.at}Isolation`, "it is Windows'");
}

export function warnings(host: Asked): readonly string[] {
  const found: string[] = [];
  for (const name of ["CpuRealtimePeriod", "CpuRealtimeRuntime"]) {
    if (integer(host, name) !== 0) found.push(`${name} is not supported: discarded.`);
  }
  if (flag(host, "OomKillDisable") && integer(host, "Memory") === 0) {
    found.push("OOM killer is disabled for the container, but no memory limit is set.");
  }
  return found;
}
