import type { ContainerOptions, NetworkMode } from "../../engine/options.ts";
import { type Asked, flag, invalid, text } from "../asked.ts";
import { endpoints } from "./endpoints.ts";

/** Which of the host's namespaces a container keeps. */
export function modes(
  body: Asked,
  host: Asked,
): Pick<ContainerOptions, "network" | "endpoints" | "pidMode" | "ipcMode" | "utsMode" | "cgroupNamespace"> {
  const ipc = one(host, "IpcMode", ["", "private", "shareable", "host", "none"]);
  const mode = flag(body, "NetworkDisabled")
    ? ({ kind: "none" } as const)
    : network(text(host, "NetworkMode"));
  return {
    network: mode,
    endpoints: endpoints(body, mode),
    pidMode: one(host, "PidMode", ["", "private", "host"]) === "host" ? "host" : "private",
    ipcMode: ipc === "host" || ipc === "none" ? ipc : "private",
    utsMode: one(host, "UTSMode", ["", "private", "host"]) === "host" ? "host" : "private",
    cgroupNamespace: one(host, "CgroupnsMode", ["", "private", "host"]) === "host" ? "host" : "private",
  };
}

function network(mode: string): NetworkMode {
  switch (mode) {
    case "":
    case "default":
    case "bridge":
      return { kind: "bridge" };
    case "host":
    case "none":
      return { kind: mode };
    default:
      return mode.startsWith("container:")
        ? { kind: "container", container: mode.slice("container:".length) }
        : { kind: "network", name: mode };
  }
}

function one(host: Asked, name: string, known: readonly string[]): string {
  const value = text(host, name);
  if (known.includes(value)) return value;
  const why = value.startsWith("container:")
    ? "sharing another container's namespace is not supported yet"
    : `"${value}" is none of ${known.filter((entry) => entry !== "").join(", ")}`;
  throw invalid(host.at + name, why);
}
