import type { ContainerOptions, NetworkMode } from "../../engine/options.ts";
import { type Asked, flag, invalid, text } from "../asked.ts";

/** Which of the host's namespaces a container keeps. */
export function modes(
  body: Asked,
  host: Asked,
): Pick<ContainerOptions, "network" | "pidMode" | "ipcMode" | "utsMode" | "cgroupNamespace"> {
  const ipc = one(host, "IpcMode", ["", "private", "shareable", "host", "none"]);
  return {
    network: flag(body, "NetworkDisabled") ? { kind: "none" } : network(text(host, "NetworkMode")),
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
      if (mode.startsWith("container:")) {
        throw invalid("HostConfig.NetworkMode", "sharing another container's network is not supported yet");
      }
      // Not a 404: the docker CLI takes that for a missing image, pulls it and asks again.
      throw invalid("HostConfig.NetworkMode", `network ${mode} not found (there are bridge, host and none)`);
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
