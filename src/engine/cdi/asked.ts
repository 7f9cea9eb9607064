import type { Core } from "../core.ts";
import type { ContainerOptions } from "../options.ts";
import type { NamedEdits } from "./apply.ts";
import { cdiDevices } from "./devices.ts";
import { cdiNames } from "./requests.ts";

/** The edits of what a container requests, as the folders describe it now. DEVICE_MISSING, INVALID_OPTION. */
export async function requestedEdits(
  core: Pick<Core, "cdiFolders">,
  { deviceRequests }: ContainerOptions,
): Promise<readonly NamedEdits[]> {
  if (deviceRequests.length === 0) return [];
  const known = await cdiDevices(core.cdiFolders);
  return known.edits(cdiNames(deviceRequests, known.names));
}
