import { capabilityMask, capabilityNames, isCapability } from "../kernel/capabilities.ts";
import type { SpecCapabilities, SpecProcess } from "../oci/runtime-spec.ts";

const SETS = ["bounding", "effective", "permitted", "inheritable", "ambient"] as const;

/**
 * The process with those of its capabilities that can be given. config.md, "Linux Process": one that the kernel does not
 * know, or that cannot be granted, is a warning and no error.
 */
export function grantable(process: SpecProcess, held: bigint, warn: (message: string) => void): SpecProcess {
  const { capabilities } = process;
  if (capabilities === undefined) return process;
  const asked = new Set(SETS.flatMap((set) => capabilities[set] ?? []));
  const unknown = [...asked].filter((name) => !isCapability(name));
  const known = capabilityMask([...asked].filter(isCapability), "/process/capabilities");
  const missing = capabilityNames(known & ~held);
  if (unknown.length > 0) warn(`there are no capabilities ${unknown.join(", ")}: passed over`);
  if (missing.length > 0) warn(`the capabilities ${missing.join(", ")} are not ours to give: passed over`);
  if (unknown.length === 0) return process;
  return { ...process, capabilities: knownOf(capabilities) };
}

const knownOf = (capabilities: SpecCapabilities): SpecCapabilities =>
  Object.fromEntries(SETS.map((set) => [set, (capabilities[set] ?? []).filter(isCapability)]));
