import { InroError } from "../../oci/error.ts";
import type { DeviceRequest } from "../options.ts";
import { isCdiName } from "./spec.ts";

const NVIDIA = "nvidia.com/gpu";

/** The CDI names of what is requested: of driver `cdi` as they are, of `--gpus` those of nvidia.com/gpu. INVALID_OPTION. */
export function cdiNames(requests: readonly DeviceRequest[], known: readonly string[]): readonly string[] {
  return requests.flatMap((request) =>
    request.driver === "cdi" ? namesOf(request) : gpusOf(request, known),
  );
}

function namesOf({ deviceIds }: DeviceRequest): readonly string[] {
  for (const name of deviceIds)
    if (!isCdiName(name))
      throw new InroError("INVALID_OPTION", {
        what: `cannot give the device "${name}"`,
        why: "it is no name of a CDI device",
        hint: "write VENDOR/CLASS=NAME",
        at: "--device",
      });
  return deviceIds;
}

/** As Docker 28: GPUs are nvidia's, by CDI where somebody has described them; `count` -1 is all. */
function gpusOf(
  { driver, capabilities, count, deviceIds }: DeviceRequest,
  known: readonly string[],
): readonly string[] {
  const isGpu = capabilities.some((all) => all.includes("gpu") || all.includes("nvidia"));
  const described = known.some((name) => name.startsWith(`${NVIDIA}=`));
  if (!isGpu || !["", "nvidia"].includes(driver) || !described)
    throw new InroError("DEVICE_MISSING", {
      what: "cannot give the container its devices",
      why: `could not select device driver "${driver}" with capabilities: [${capabilities.map((all) => `[${all.join(" ")}]`).join(" ")}]`,
      hint: isGpu
        ? `describe them as ${NVIDIA}: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`
        : "there are gpu and nvidia",
      at: "--gpus",
    });
  if (deviceIds.length > 0) return deviceIds.map((id) => `${NVIDIA}=${id}`);
  if (count < 0) return [`${NVIDIA}=all`];
  return Array.from({ length: count }, (_, i) => `${NVIDIA}=${i}`);
}
