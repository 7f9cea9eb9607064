import version from "../../../package.json" with { type: "json" };
import { reasonOf } from "../../oci/error.ts";
import { cdiDevices } from "../cdi/devices.ts";
import type { Core } from "../core.ts";
import type { EngineInfo, EngineVersion } from "../engine.ts";
import { DEFAULT_LOG } from "../options.ts";

export async function info(core: Core): Promise<EngineInfo> {
  const count = { created: 0, running: 0, paused: 0, exited: 0 };
  for (const { fortune } of core.shelf.all()) {
    const { status } = fortune.state;
    if (status === "restarting") count.running++;
    else if (status === "dead") count.exited++;
    else count[status]++;
  }
  const { host } = core;
  const images = countImages(core);
  const cdi = await cdiDevices(core.cdiFolders);
  const foreign = await core.networks.foreignWarnings();
  return {
    id: core.records.engineId,
    root: core.root,
    execRoot: core.execRoot,
    containers: count,
    images: images.count,
    storageDriver: core.images.driver,
    cgroupVersion: host.cgroupVersion,
    kernelVersion: host.kernelRelease,
    operatingSystem: host.operatingSystem,
    architecture: architecture(),
    cpus: host.cpus,
    memory: host.memory,
    name: host.hostname,
    bridge: core.networks.bridge,
    firewall: { table: core.networks.table, foreign },
    log: DEFAULT_LOG,
    cdi: { folders: core.cdiFolders, devices: cdi.names },
    warnings: [
      ...(host.swapLimit ? [] : ["WARNING: No swap limit support"]),
      ...images.warnings,
      ...cdi.faults.map((line) => `WARNING: ${line}`),
      ...foreign.map((line) => `WARNING: ${line}`),
    ],
  };
}

function countImages(core: Core): { count: number; warnings: readonly string[] } {
  try {
    return { count: core.images.list().length, warnings: [] };
  } catch (error) {
    return { count: 0, warnings: [`WARNING: ${reasonOf(error)}`] };
  }
}

/** What uname(2) calls it. */
function architecture(): string {
  return process.arch === "arm64" ? "aarch64" : "x86_64";
}

export function engineVersion(core: Core): EngineVersion {
  return {
    version: version.version,
    commit: "",
    kernelVersion: core.host.kernelRelease,
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    builtAt: "",
  };
}
