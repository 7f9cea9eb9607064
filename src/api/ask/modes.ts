import type { ContainerOptions, NamespaceMode, NetworkMode } from "../../engine/options.ts";
import { type Asked, flag, invalid, text } from "../asked.ts";
import { endpoints } from "./endpoints.ts";

/** Which of the host's namespaces a container keeps. */
export function modes(
  body: Asked,
  host: Asked,
): Pick<ContainerOptions, "network" | "endpoints" | "pidMode" | "ipcMode" | "utsMode" | "cgroupNamespace"> {
  const mode = flag(body, "NetworkDisabled")
    ? ({ kind: "none" } as const)
    : networkModeOf(text(host, "NetworkMode"));
  return {
    network: mode,
    endpoints: endpoints(body, mode),
    pidMode: shared(host, "PidMode", "private", "host"),
    ipcMode: shared(host, "IpcMode", "private", "shareable", "host", "none"),
    utsMode: one(host, "UTSMode", "private", "host"),
    cgroupNamespace: one(host, "CgroupnsMode", "private", "host"),
  };
}

export function networkModeOf(mode: string): NetworkMode {
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

/** The first of those that are known is the default. */
function one<T extends string>(host: Asked, name: string, ...known: readonly [T, ...T[]]): T {
  const value = text(host, name);
  const found = value === "" ? known[0] : known.find((each) => each === value);
  if (found === undefined) throw invalid(host.at + name, `"${value}" is none of ${known.join(", ")}`);
  return found;
}

function shared<T extends string>(
  host: Asked,
  name: string,
  ...known: readonly [T, ...T[]]
): T | Exclude<NamespaceMode, string> {
  const container = /^container:(.*)$/s.exec(text(host, name))?.[1];
  if (container === undefined) return one(host, name, ...known);
  if (container === "") throw invalid(host.at + name, "no container is named behind container:");
  return { container };
}
