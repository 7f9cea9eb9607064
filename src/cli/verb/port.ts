import { at } from "../../client/client.ts";
import { bracketed } from "../../oci/address.ts";
import { ports as parsePorts } from "../create/ports.ts";
import { list } from "../options/option.ts";
import { printWarning } from "../print-error.ts";
import { err, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

type Bindings = Readonly<
  Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
>;

interface About {
  readonly NetworkSettings: { readonly Ports: Bindings | null };
}

/** For people: what a script reads is what docker writes. */
function reach(hostIp: string): string {
  if (!process.stdout.isTTY || hostIp === "::1" || hostIp.startsWith("127.")) return "";
  return hostIp === "0.0.0.0" || hostIp === "::" ? "  (open to the world)" : "  (open beyond this host)";
}

export const port = verb({
  usage: "[OPTIONS] CONTAINER [PORT[/PROTOCOL]]",
  options: {
    publish: list("[IP:]HOST:CTR[/udp]", "Publish a port, at once when it runs", { short: "p" }),
    withdraw: list("[[IP:]HOST:]CTR[/udp]", "Close a port that it publishes"),
  },
  args: [1, 2],
  examples: ["inro port web", "inro port --publish 8443:443 web", "inro port --withdraw 8080:80 web"],
  async run({ client }, { options, args: [name = "", asked] }) {
    const { publish, withdraw } = options;
    if (publish.length + withdraw.length > 0) {
      const { Warnings } = await client.json<{ Warnings: string[] }>({
        method: "POST",
        path: at`/inro/containers/${name}/ports`,
        body: { Publish: parsePorts(publish, []).bindings, Withdraw: parsePorts(withdraw, []).bindings },
      });
      for (const line of Warnings) err(printWarning(line));
    }
    const about = await client.json<About>({ method: "GET", path: at`/containers/${name}/json` });
    const ports = about.NetworkSettings.Ports ?? {};
    const addresses = (key: string) =>
      (ports[key] ?? []).map(({ HostIp, HostPort }) => `${bracketed(HostIp)}:${HostPort}${reach(HostIp)}`);
    if (asked === undefined) {
      const keys = Object.keys(ports).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
      out(keys.flatMap((key) => addresses(key).map((address) => `${key} -> ${address}\n`)).join(""));
      return 0;
    }
    const key = asked.includes("/") ? asked.toLowerCase() : `${asked}/tcp`;
    const found = addresses(key);
    if (found.length === 0)
      throw new Error(`No public port '${key}' published for ${name} (see: inro port ${name})`);
    out(found.map((address) => `${address}\n`).join(""));
    return 0;
  },
});
