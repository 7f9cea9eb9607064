import type { DeviceRequest, Service } from "../../model/project.ts";

/** `vendor.com/class=name`, by which a device is asked for that is no path of the host. */
const isCdi = (source: string): boolean => /^[^/=]+\/[^/=]+=./.test(source);

export const deviceMappings = ({ devices = [] }: Service): readonly unknown[] =>
  devices
    .filter(({ source }) => !isCdi(source))
    .map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    }));

export function deviceRequests({ devices = [], gpus = [], deploy }: Service): readonly unknown[] {
  const cdi = devices.map(({ source }) => source).filter(isCdi);
  const reserved = deploy?.resources?.reservations?.devices ?? [];
  return [
    ...(cdi.length === 0 ? [] : [{ Driver: "cdi", DeviceIDs: cdi }]),
    ...reserved.map(request),
    ...gpus.map((gpu) =>
      request({ ...gpu, capabilities: [...new Set(["gpu", ...(gpu.capabilities ?? [])])] }),
    ),
  ];
}

/** deploy.md, "count": all of them, unless it is said which or how many. */
function request({
  capabilities,
  driver,
  count,
  device_ids: ids,
  options,
}: DeviceRequest): Record<string, unknown> {
  return {
    Driver: driver ?? "",
    ...(ids === undefined ? { Count: count ?? -1 } : { DeviceIDs: ids }),
    ...(capabilities === undefined ? {} : { Capabilities: [capabilities] }),
    ...(options === undefined ? {} : { Options: options }),
  };
}
