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
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly DockerRootDir: string;
  readonly Name: string;
  readonly ServerVersion: string;
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
      rows(found, place.socket)
        .map(([name, value]) => `${(name === "" ? "" : `${name}:`).padEnd(18)}${value}\n`)
        .join(""),
    );
    for (const warning of found.Warnings ?? []) err(printWarning(warning.replace(/^WARNING: /, "")));
    return 0;
  },
});

function firewall({ FirewallBackend: backend }: Info): string {
  const value = (name: string) => backend?.Info.filter(([key]) => key === name).map(([, text]) => text) ?? [];
  const table = value("Table")
    .map((text) => `, table ${text}`)
    .join("");
  const others = value("Foreign").length;
  return `${backend?.Driver ?? ""}${table}${others > 0 ? "; others drop what it lets pass, see below" : ""}`;
}

/** Those that somebody describes. */
function devices({ DiscoveredDevices: found }: Info): readonly (readonly [string, string])[] {
  return (found ?? []).map(({ Source, ID }, i) => [i === 0 ? "Devices" : "", `${ID} (${Source})`]);
}

function rows(found: Info, socket: string): readonly (readonly [string, string])[] {
  const { ContainersRunning: running, ContainersPaused: paused, ContainersStopped: stopped } = found;
  return [
    ["Server version", found.ServerVersion],
    ["Containers", `${found.Containers} (${running} running, ${paused} paused, ${stopped} stopped)`],
    ["Images", String(found.Images)],
    ["Storage driver", found.Driver],
    ["Logging driver", found.LoggingDriver],
    ["Cgroups", `version ${found.CgroupVersion}, driver ${found.CgroupDriver}`],
    ["Security", (found.SecurityOptions ?? []).join("; ")],
    ["Firewall", firewall(found)],
    ...devices(found),
    ["Kernel", found.KernelVersion],
    ["System", `${found.OperatingSystem}, ${found.Architecture}`],
    ["CPUs", String(found.NCPU)],
    ["Memory", binarySize(found.MemTotal)],
    ["Name", found.Name],
    ["ID", found.ID],
    ["Data root", found.DockerRootDir],
    ["Socket", socket],
  ];
}
