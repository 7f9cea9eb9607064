import { UsageError } from "../options/usage-error.ts";
import { csv } from "./csv.ts";

interface DeviceRequest {
  readonly Driver: string;
  readonly Count?: number;
  readonly DeviceIDs?: readonly string[];
  readonly Capabilities?: readonly (readonly string[])[];
}

/** `vendor.com/class=name`: no path of the host. */
export const isCdi = (entry: string): boolean => /^[^/=]+\/[^/=]+=./.test(entry);

export function deviceRequests(
  cdi: readonly string[],
  gpus: string | undefined,
): readonly DeviceRequest[] | undefined {
  const requests = [
    ...(cdi.length === 0 ? [] : [{ Driver: "cdi", DeviceIDs: cdi }]),
    ...(gpus === undefined ? [] : [gpuRequest(gpus)]),
  ];
  return requests.length === 0 ? undefined : requests;
}

/** Docker's grammar: `all`, `2`, `device=0,1`, `"device=0,1",capabilities=compute`. */
function gpuRequest(asked: string): DeviceRequest {
  const refuse = (why: string) => new UsageError(`cannot use "${asked}" for --gpus: ${why}`);
  let request: DeviceRequest = { Driver: "" };
  const capabilities = ["gpu"];
  for (const field of csv(asked)) {
    const [key = "", value = key] = field.includes("=") ? splitOnce(field) : ["count", field];
    if (key === "count") request = { ...request, Count: countOf(value, refuse) };
    else if (key === "device") request = { ...request, DeviceIDs: value.split(",") };
    else if (key === "driver") request = { ...request, Driver: value };
    else if (key === "capabilities") capabilities.push(...value.split(","));
    else throw refuse(`"${key}" is none of count, device, driver and capabilities`);
  }
  if (request.Count === undefined && request.DeviceIDs === undefined) request = { ...request, Count: 1 };
  return { ...request, Capabilities: [[...new Set(capabilities)]] };
}

function countOf(value: string, refuse: (why: string) => UsageError): number {
  if (value === "all") return -1;
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw refuse(`"${value}" is neither "all" nor a number`);
}

function splitOnce(field: string): readonly [string, string] {
  const equals = field.indexOf("=");
  return [field.slice(0, equals), field.slice(equals + 1)];
}
