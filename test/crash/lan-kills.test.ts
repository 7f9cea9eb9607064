import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { type Daemon, daemon } from "./daemon.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/lan-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 10);

interface Network {
  readonly Id: string;
  readonly Name: string;
}

describe.skipIf(rootMissing || busyboxMissing)(
  "the daemon is killed while it makes, joins, leaves and removes a macvlan network",
  () => {
    let d: Daemon;
    let container: string;
    beforeAll(async () => {
      d = await daemon();
      container = await d.run({ Cmd: ["sleep", "600"] });
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
        await Bun.sleep((1.1 * window * ((n * 7919) % KILLS)) / KILLS);
        await d.end("SIGKILL");
        await attempt;
        await d.serve();
        const found = await agreed(d, container);
        seen[found] = (seen[found] ?? 0) + 1;
        for (const { Name } of await networks(d)) {
          if (Name in (await told(d, container)))
            await d.ask("POST", `/networks/${Name}/disconnect`, { Container: container });
          await d.ask("DELETE", `/networks/${Name}`);
        }
        expect(await agreed(d, container)).toBe("0 networks, connected with bridge");
      }
      console.log(`kills: ${KILLS}, found afterwards: ${JSON.stringify(seen)}`);
      expect(Object.keys(seen).length).toBeGreaterThan(1);
    }, 600_000);
  },
);

/** Its parent is made for it; a chosen address is tried out first. */
async function comeAndGo(d: Daemon, container: string): Promise<void> {
  const pool = { Config: [{ Subnet: "10.66.0.0/24" }] };
  await d.ask("POST", "/networks/create", { Name: "short", Driver: "macvlan", IPAM: pool });
  const chosen = { IPAMConfig: { IPv4Address: "10.66.0.9" } };
  for (let turn = 0; turn < 3; turn++) {
    await d.ask("POST", "/networks/short/connect", { Container: container, EndpointConfig: chosen });
    await d.ask("POST", "/networks/short/disconnect", { Container: container });
  }
  await d.ask("DELETE", "/networks/short");
}

const networks = async (d: Daemon): Promise<Network[]> =>
  JSON.parse(await d.ask("GET", '/networks?filters={"type":["custom"]}'));

async function told(d: Daemon, container: string): Promise<Record<string, { readonly IPAddress: string }>> {
  return JSON.parse(await d.ask("GET", `/containers/${container}/json`)).NetworkSettings.Networks;
}

/** Parents on the host, interfaces and addresses in the container are those that the engine tells; answers them in words. */
async function agreed(d: Daemon, container: string): Promise<string> {
  const made = await networks(d);
  const inside = await told(d, container);
  const { Pid } = (await d.inspect(container)).State;
  const run = async (program: string, ...words: string[]) => (await d.host.run(program, words)).stdout;
  const within = (...words: string[]) => run("nsenter", "-t", String(Pid), "-n", "ip", "-o", ...words);
  const addresses = Object.values(inside).map(({ IPAddress }) => IPAddress);
  const parents = made.map(({ Id }) => `dm-${Id.slice(0, 12)}`);
  const found = async (text: Promise<string>, pattern: RegExp) =>
    [...((await text).match(pattern) ?? [])].sort();
  expect({
    parents: await found(run("ip", "-o", "link"), /dm-[0-9a-f]{12}(?=@)/g),
    // The pair of its bridge, and no trial.
    ours: (await found(run("cat", "/proc/net/dev"), /^\s*inro[0-9a-f]+(?=:)/gm)).length,
    interfaces: (await found(within("link"), /^\d+: eth\d/gm)).length,
    addresses: await found(within("-4", "address", "show", "scope", "global"), /(?<=inet )[\d.]+/g),
  }).toEqual({ parents: parents.sort(), ours: 1, interfaces: addresses.length, addresses: addresses.sort() });
  return `${made.length} networks, connected with ${Object.keys(inside).sort().join(" and ")}`;
}
