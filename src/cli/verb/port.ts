import { at } from "../client/client.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

type Bindings = Readonly<
  Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
>;

interface About {
  readonly NetworkSettings: { readonly Ports: Bindings | null };
}

export const port = verb({
  usage: "CONTAINER [PORT[/PROTOCOL]]",
  options: {},
  args: [1, 2],
  async run({ client }, { args: [name = "", asked] }) {
    const about = await client.json<About>({ method: "GET", path: at`/containers/${name}/json` });
    const ports = about.NetworkSettings.Ports ?? {};
    const addresses = (key: string) =>
      (ports[key] ?? []).map(
        ({ HostIp, HostPort }) => `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:${HostPort}`,
      );
    if (asked === undefined) {
      const keys = Object.keys(ports).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
      out(keys.flatMap((key) => addresses(key).map((address) => `${key} -> ${address}\n`)).join(""));
      return 0;
    }
    const key = asked.includes("/") ? asked.toLowerCase() : `${asked}/tcp`;
    const found = addresses(key);
    if (found.length === 0) throw new Error(`"${name}" does not publish ${key} (see: inro port ${name})`);
    out(found.map((address) => `${address}\n`).join(""));
    return 0;
  },
});
