import { describe, expect } from "bun:test";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { connectedWith, networksOf } from "./connected.ts";
import { crash, killedAtRandom } from "./killing.ts";

describe.skipIf(rootMissing || busyboxMissing)(
  "the daemon is killed while it makes, joins, leaves and removes a macvlan network",
  () => {
    const c = crash();

    /** Its parent is made for it; a chosen address is tried out first. */
    const comeAndGo = async () => {
      const pool = { Config: [{ Subnet: "10.66.0.0/24" }] };
      await c.d.ask("POST", "/networks/create", { Name: "short", Driver: "macvlan", IPAM: pool });
      const chosen = { IPAMConfig: { IPv4Address: "10.66.0.9" } };
      for (let turn = 0; turn < 3; turn++) {
        await c.d.ask("POST", "/networks/short/connect", { Container: c.container, EndpointConfig: chosen });
        await c.d.ask("POST", "/networks/short/disconnect", { Container: c.container });
      }
      await c.d.ask("DELETE", "/networks/short");
    };

    /** Parents on the host, interfaces and addresses in the container are those that the engine tells. */
    const agreed = async () => {
      const made = await networksOf(c);
      const inside = await connectedWith(c);
      const { Pid } = (await c.d.inspect(c.container)).State;
      const within = (...words: string[]) => c.run("nsenter", "-t", String(Pid), "-n", "ip", "-o", ...words);
      const addresses = Object.values(inside).map(({ IPAddress }) => IPAddress);
      const parents = made.map(({ Id }) => `dm-${Id.slice(0, 12)}`);
      const found = async (text: Promise<string>, pattern: RegExp) =>
        [...((await text).match(pattern) ?? [])].sort();
      expect({
        parents: await found(c.run("ip", "-o", "link"), /dm-[0-9a-f]{12}(?=@)/g),
        // The pair of its bridge, and no trial.
        ours: (await found(c.run("cat", "/proc/net/dev"), /^\s*inro[0-9a-f]+(?=:)/gm)).length,
        interfaces: (await found(within("link"), /^\d+: eth\d/gm)).length,
        addresses: await found(within("-4", "address", "show", "scope", "global"), /(?<=inet )[\d.]+/g),
      }).toEqual({
        parents: parents.sort(),
        ours: 1,
        interfaces: addresses.length,
        addresses: addresses.sort(),
      });
      return `${made.length} networks, connected with ${Object.keys(inside).sort().join(" and ")}`;
    };

    const tidy = async () => {
      for (const { Name } of await networksOf(c)) {
        if (Name in (await connectedWith(c)))
          await c.d.ask("POST", `/networks/${Name}/disconnect`, { Container: c.container });
        await c.d.ask("DELETE", `/networks/${Name}`);
      }
    };

    const rest = "0 networks, connected with bridge";
    killedAtRandom(c, { kills: 10, comeAndGo, agreed, tidy, rest });
  },
);
