import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";
import { type Daemon, daemon } from "./daemon.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/network-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 12);
const nft = tool("nft");

interface Network {
  readonly Id: string;
  readonly Name: string;
}

describe.skipIf(rootMissing || busyboxMissing || nft === undefined)(
  "the daemon is killed while it makes, joins, leaves and removes a network",
  () => {
    let d: Daemon;
    let container: string;
    beforeAll(async () => {
      d = await daemon();
      container = await d.run({
        Cmd: ["sleep", "600"],
        HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "21500" }] } },
      });
    }, 60_000);
    afterAll(async () => {
      await d?.[Symbol.asyncDispose]();
    }, 60_000);

    test(`what is told is what there is, after ${KILLS} kills at random moments`, async () => {
      const whole = performance.now();
      await comeAndGo(d, container);
      const window = performance.now() - whole;
      const seen: Record<string, number> = {};
      for (let n = 0; n < KILLS; n++) {
        const attempt = comeAndGo(d, container).catch(() => {});
        await Bun.sleep((1.2 * window * ((n * 7919) % KILLS)) / KILLS);
        await d.end("SIGKILL");
        await attempt;
        await d.serve();
        const found = await agreed(d, container);
        seen[found] = (seen[found] ?? 0) + 1;
        // What is there can be used: nothing of the lost work is in its way.
        const made = await networks(d);
        const inside = await told(d, container);
        for (const { Name } of made)
          if (Name in inside) await d.ask("POST", `/networks/${Name}/disconnect`, { Container: container });
        for (const { Name } of made) await d.ask("DELETE", `/networks/${Name}`);
        if (!("bridge" in inside)) await d.ask("POST", "/networks/bridge/connect", { Container: container });
        expect(await agreed(d, container)).toBe("0 networks, connected with bridge");
      }
      console.log(`kills: ${KILLS}, found afterwards: ${JSON.stringify(seen)}`);
      expect(Object.keys(seen).length).toBeGreaterThan(1);
    }, 600_000);
  },
);

/** Its published port goes with the default route: to the new network, and back. */
async function comeAndGo(d: Daemon, container: string): Promise<void> {
  await d.ask("POST", "/networks/create", { Name: "short" });
  await d.ask("POST", "/networks/short/connect", { Container: container });
  await d.ask("POST", "/networks/bridge/disconnect", { Container: container });
  await d.ask("POST", "/networks/bridge/connect", { Container: container });
  await d.ask("POST", "/networks/short/disconnect", { Container: container });
  await d.ask("DELETE", "/networks/short");
}

async function networks(d: Daemon): Promise<Network[]> {
  return JSON.parse(await d.ask("GET", '/networks?filters={"type":["custom"]}'));
}

async function told(d: Daemon, container: string): Promise<Record<string, { readonly IPAddress: string }>> {
  return JSON.parse(await d.ask("GET", `/containers/${container}/json`)).NetworkSettings.Networks;
}

/** Bridges, their names in the rules, interfaces and addresses are those that the engine tells; answers them in words. */
async function agreed(d: Daemon, container: string): Promise<string> {
  // A container starts, so that the default bridge is looked after too.
  const started = await d.run({ Cmd: ["true"], HostConfig: { AutoRemove: true } });
  await d.ask("POST", `/containers/${started}/wait?condition=removed`).catch(() => {});
  const made = await networks(d);
  const inside = await told(d, container);
  const { Pid } = (await d.inspect(container)).State;
  const bridges = made.map(({ Id }) => `br-${Id.slice(0, 12)}`).sort();
  const addresses = Object.values(inside).map(({ IPAddress }) => IPAddress);
  const expected = { links: bridges, rules: bridges, addresses: addresses.sort(), ports: addresses.length };
  for (let tries = 0; ; tries++) {
    const run = async (program: string, ...words: string[]) => (await d.host.run(program, words)).stdout;
    const found = {
      links: unique(await run("ip", "-o", "link"), /br-[0-9a-f]{12}(?=:)/g),
      rules: unique(await run(nft ?? "", "list", "ruleset"), /br-[0-9a-f]{12}/g),
      addresses: unique(
        await run("nsenter", "-t", String(Pid), "-n", "ip", "-o", "-4", "address", "show", "scope", "global"),
        /(?<=inet )[\d.]+/g,
      ),
      ports: unique(await run("cat", "/proc/net/dev"), /^\s*inro[0-9a-f]+(?=:)/gm).length,
    };
    if (Bun.deepEquals(found, expected)) break;
    if (tries > 100) expect(found).toEqual(expected);
    await Bun.sleep(30);
  }
  return `${made.length} networks, connected with ${Object.keys(inside).sort().join(" and ")}`;
}

const unique = (text: string, pattern: RegExp): string[] => [...new Set(text.match(pattern))].sort();
