import manifest from "../../../package.json" with { type: "json" };
import { text } from "../options/option.ts";
import { binarySize } from "../print/human.ts";
import { printWarning } from "../print-error.ts";
import { formatTemplate } from "../template/template.ts";
import { err, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Info {
  readonly ID: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly Driver: string;
  readonly LoggingDriver: string;
  readonly CgroupDriver: string;
  readonly CgroupVersion: string;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly DockerRootDir: string;
  readonly Name: string;
  readonly ServerVersion: string;
  readonly Plugins: Readonly<Record<"Volume" | "Network" | "Log", readonly string[]>>;
  readonly Swarm: { readonly LocalNodeState: string };
  readonly Runtimes: Readonly<Record<string, object>>;
  readonly DefaultRuntime: string;
  readonly LiveRestoreEnabled: boolean;
  readonly SecurityOptions: readonly string[] | null;
  readonly FirewallBackend?: { readonly Driver: string; readonly Info: readonly (readonly string[])[] };
  readonly DiscoveredDevices?: readonly { readonly Source: string; readonly ID: string }[] | null;
  readonly Warnings: readonly string[] | null;
}

export const info = verb({
  usage: "[OPTIONS]",
  options: { format: text("TEMPLATE", "json, or a Go template: '{{.CgroupVersion}}'", { short: "f" }) },
  args: [0, 0],
  async run({ client, place }, { options }) {
    const found = await client.json<Info>({ method: "GET", path: "/info" });
    if (options.format !== undefined) {
      const wanted = options.format === "json" ? "{{json .}}" : options.format;
      out(`${formatTemplate(wanted)(found)}\n`);
      return 0;
    }
    out(
      lines(found, place.socket)
        .map((line) => `${line}\n`)
        .join(""),
    );
    for (const warning of found.Warnings ?? []) err(printWarning(warning.replace(/^WARNING: /, "")));
    return 0;
  },
});

/** What `name=seccomp,profile=builtin` says, as docker tells it: the name, and beneath it the rest. */
function security(option: string): readonly string[] {
  const [first = "", ...rest] = option.split(",");
  const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  return [first.replace(/^name=/, "  "), ...rest.map((pair) => `   ${capital(pair).replace("=", ": ")}`)];
}

/** Docker's words in docker's order, and what only we have to tell: scripts look for these lines. */
function lines(found: Info, socket: string): readonly string[] {
  const { Plugins: plugins, FirewallBackend: backend, DiscoveredDevices: devices } = found;
  const told = (key: string) =>
    (backend?.Info ?? []).flatMap(([name, value = ""]) => (name === key ? value : []));
  return [
    "Client:",
    ` Version:    ${manifest.version}`,
    ` Context:    ${socket}`,
    "",
    "Server:",
    ` Containers: ${found.Containers}`,
    `  Running: ${found.ContainersRunning}`,
    `  Paused: ${found.ContainersPaused}`,
    `  Stopped: ${found.ContainersStopped}`,
    ` Images: ${found.Images}`,
    ` Server Version: ${found.ServerVersion}`,
    ` Storage Driver: ${found.Driver}`,
    ` Logging Driver: ${found.LoggingDriver}`,
    ` Cgroup Driver: ${found.CgroupDriver}`,
    ` Cgroup Version: ${found.CgroupVersion}`,
    " Plugins:",
    `  Volume: ${plugins.Volume.join(" ")}`,
    `  Network: ${plugins.Network.join(" ")}`,
    `  Log: ${plugins.Log.join(" ")}`,
    ...((devices ?? []).length > 0 ? [" Discovered Devices:"] : []),
    ...(devices ?? []).map(({ Source, ID }) => `  ${Source}: ${ID}`),
    ` Swarm: ${found.Swarm.LocalNodeState}`,
    ` Runtimes: ${Object.keys(found.Runtimes).join(" ")}`,
    ` Default Runtime: ${found.DefaultRuntime}`,
    " Security Options:",
    ...(found.SecurityOptions ?? []).flatMap(security),
    ` Kernel Version: ${found.KernelVersion}`,
    ` Operating System: ${found.OperatingSystem}`,
    ` OSType: ${found.OSType}`,
    ` Architecture: ${found.Architecture}`,
    ` CPUs: ${found.NCPU}`,
    ` Total Memory: ${binarySize(found.MemTotal)}`,
    ` Name: ${found.Name}`,
    ` ID: ${found.ID}`,
    ` Docker Root Dir: ${found.DockerRootDir}`,
    ` Live Restore Enabled: ${found.LiveRestoreEnabled}`,
    ...(backend === undefined ? [] : [` Firewall Backend: ${backend.Driver}`]),
    ...told("Table").map((table) => `  Table: ${table}`),
    ...(told("Foreign").length === 0 ? [] : ["  Others drop what it lets pass, see below"]),
  ];
}
