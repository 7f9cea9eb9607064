import { isIPv4 } from "node:net";
import { InroError } from "../oci/error.ts";
import type { BridgeNetwork } from "./attachment.ts";
import type { Asked, DriverOptions } from "./driver.ts";

const BRIDGE = "com.docker.network.bridge.";
const MTU = "com.docker.network.driver.mtu";

/** ip-link(8): fewer bytes and IPv4 does not work (RFC 791); more do not fit into its length field. */
const LEAST_MTU = 68;
const MOST_MTU = 65535;

/** Docker's options of a bridge network. What cannot be done is refused; what no driver knows is kept and ignored, as Docker does. */
export function bridgeOptions({ options, id, internal }: Asked): DriverOptions<BridgeNetwork> {
  const mode = options[`${BRIDGE}gateway_mode_ipv4`] ?? "nat";
  if (mode !== "nat")
    throw invalid(`${BRIDGE}gateway_mode_ipv4`, `the mode ${mode} is not supported; there is nat`);
  for (const name of ["inhibit_ipv4", "trusted_host_interfaces"])
    if (!["", "false", undefined].includes(options[BRIDGE + name]))
      throw invalid(BRIDGE + name, "it is not supported");
  return {
    driver: "bridge",
    internal,
    interface: interfaceName(options[`${BRIDGE}name`] ?? "") ?? `br-${id.slice(0, 12)}`,
    open: flag(options, `${BRIDGE}enable_icc`),
    masquerade: flag(options, `${BRIDGE}enable_ip_masquerade`),
    mtu: mtu(options),
    publishOn: address(options[`${BRIDGE}host_binding_ipv4`] ?? ""),
  };
}

function interfaceName(name: string): string | undefined {
  if (name === "") return undefined;
  if (/^[^\s/:%]{1,15}$/.test(name) && name !== "." && name !== "..") return name;
  throw invalid(`${BRIDGE}name`, `"${name}" is not an interface's name of 1 to 15 characters`);
}

function flag(options: Asked["options"], name: string): boolean {
  const value = (options[name] || "true").toLowerCase();
  if (["true", "1", "t"].includes(value)) return true;
  if (["false", "0", "f"].includes(value)) return false;
  throw invalid(name, `"${value}" is neither true nor false`);
}

export function mtu(options: Asked["options"]): number | null {
  const text = options[MTU] ?? "";
  if (text === "" || text === "0") return null;
  const value = Number(text);
  if (Number.isInteger(value) && value >= LEAST_MTU && value <= MOST_MTU) return value;
  throw invalid(MTU, `"${text}" is not within ${LEAST_MTU} to ${MOST_MTU}`);
}

function address(text: string): string {
  if (text === "" || isIPv4(text)) return text;
  throw invalid(`${BRIDGE}host_binding_ipv4`, `"${text}" is not an IPv4 address`);
}

export const invalid = (at: string, why: string) =>
  new InroError("INVALID_OPTION", { what: `cannot use the network's option ${at}`, why, at });
