import { describe } from "bun:test";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";
import { connectedWith, networksOf } from "./connected.ts";
import { crash, killedAtRandom, soon } from "./killing.ts";

const nft = tool("nft");
/** Prints `yes` when the container's web server answers at its published port. */
const asking =
  'await fetch("http://127.0.0.1:21500", { signal: AbortSignal.timeout(2000) }); console.log("yes")';

/** The network that comes and goes has one family, both, the other. */
const families = [{}, { EnableIPv6: true }, { EnableIPv4: false, EnableIPv6: true }] as const;

describe.skipIf(rootMissing || busyboxMissing || nft === undefined)(
  "the daemon is killed while it makes, joins, leaves and removes a network",
  () => {
    const c = crash({
      Cmd: ["httpd", "-f", "-p", "80"],
      HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "21500" }] } },
    });
    /** Its published port goes with the default route: to the new network, and back. */
    const comeAndGo = async (turn: number) => {
      const container = { Container: c.container };
      await c.d.ask("POST", "/networks/create", { Name: "short", ...families[turn % families.length] });
      await c.d.ask("POST", "/networks/short/connect", container);
      await c.d.ask("POST", "/networks/bridge/disconnect", container);
      await c.d.ask("POST", "/networks/bridge/connect", container);
      await c.d.ask("POST", "/networks/short/disconnect", container);
      await c.d.ask("DELETE", "/networks/short");
    };

    /** Bridges, their names in the rules, interfaces, addresses, default routes and the port are those that the engine tells. */
    const agreed = async () => {
      const made = await networksOf(c);
      const inside = await connectedWith(c);
      const pid = String((await c.d.inspect(c.container)).State.Pid);
      const bridges = made.map(({ Id }) => `br-${Id.slice(0, 12)}`).sort();
      const addresses = Object.values(inside)
        .flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address])
        .filter((address) => address !== "")
        .sort();
      const within = (...words: string[]) => c.run("nsenter", "-t", pid, "-n", "ip", "-o", ...words);
      const leads = async (family: string) => (await within(family, "route", "show", "default")) !== "";
      const found = async () => ({
        links: unique(await c.run("ip", "-o", "link"), /br-[0-9a-f]{12}(?=:)/g),
        rules: unique(await c.run(nft ?? "", "list", "ruleset"), /br-[0-9a-f]{12}/g),
        addresses: unique(await within("address", "show", "scope", "global"), /(?<=inet6? )[\da-f.:]+/g),
        leads: [await leads("-4"), await leads("-6")],
        published: (await c.run(process.execPath, "-e", asking)) === "yes\n",
        ends: unique(await c.run("cat", "/proc/net/dev"), /^\s*inro[0-9a-f]+(?=:)/gm).length,
      });
      const ends = Object.keys(inside).length;
      const has = (mark: string) => addresses.some((address) => address.includes(mark));
      const led = { leads: [has("."), has(":")], published: ends > 0 };
      await soon(found, { links: bridges, rules: bridges, addresses, ...led, ends });
      return `${made.length} networks, connected with ${Object.keys(inside).sort().join(" and ")}`;
    };

    const tidy = async () => {
      const made = await networksOf(c);
      const inside = await connectedWith(c);
      for (const { Name } of made)
        if (Name in inside) await c.d.ask("POST", `/networks/${Name}/disconnect`, { Container: c.container });
      for (const { Name } of made) await c.d.ask("DELETE", `/networks/${Name}`);
      if (!("bridge" in inside))
        await c.d.ask("POST", "/networks/bridge/connect", { Container: c.container });
    };

    const rest = "0 networks, connected with bridge";
    killedAtRandom(c, { kills: 12, comeAndGo, agreed, tidy, rest });
  },
);

const unique = (text: string, pattern: RegExp): string[] => [...new Set(text.match(pattern))].sort();
