import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";
import { type Daemon, daemon } from "./daemon.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/port-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 12);
const nft = tool("nft");

type Bindings = Readonly<Record<string, readonly { readonly HostPort: string }[]>>;

interface Told {
  readonly State: { readonly Status: string };
  readonly HostConfig: { readonly PortBindings: Bindings };
  readonly NetworkSettings: {
    readonly Ports: Readonly<
      Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
    >;
  };
}

describe.skipIf(rootMissing || busyboxMissing || nft === undefined)("ports and the daemon's end", () => {
  let d: Daemon;
  let container: string;
  const change = (publish: Bindings, withdraw: Bindings = {}) =>
    d.ask("POST", `/inro/containers/${container}/ports`, { Publish: publish, Withdraw: withdraw });
  const row = (first: number, count: number): Bindings =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`${n + 80}/tcp`, [{ HostPort: String(first + n) }]]),
    );
  /** From 80/tcp on, wherever they are published. */
  const every: Bindings = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`${n + 80}/tcp`, [{ HostPort: "" }]]),
  );
  const about = async () => (await d.inspect(container)) as unknown as Told;
  const run = async (program: string, ...words: string[]) => (await d.host.run(program, words)).stdout;
  /** Ports of the host that lead somewhere, and those that somebody listens on. */
  const found = async () => ({
    open: numbers(await run(nft ?? "", "list", "ruleset"), /(?<=\. )\d+(?= : )/g),
    held: numbers(await run("cat", "/proc/net/tcp6"), /(?<=^ *\d+: 0{32}:)[0-9A-F]{4}(?= \S+ 0A)/gm, 16),
  });
  /** What is told is what there is, and what the next start would publish; answers how many. */
  const agreed = async () => {
    const { HostConfig, NetworkSettings, State } = await about();
    const wanted = portsIn(Object.values(HostConfig.PortBindings).flat());
    const told = State.Status === "running" ? wanted : [];
    const shown = Object.values(NetworkSettings.Ports).flatMap((each) => each ?? []);
    expect(portsIn(shown.filter(({ HostIp }) => HostIp === "0.0.0.0"))).toEqual(told);
    const expected = { open: told, held: told };
    for (let tries = 0; !Bun.deepEquals(await found(), expected); tries++) {
      if (tries > 100) expect(await found()).toEqual(expected);
      await Bun.sleep(30);
    }
    return `${State.Status} with ${told.length}`;
  };

  beforeAll(async () => {
    d = await daemon();
    container = await d.run({
      Cmd: ["sleep", "600"],
      HostConfig: { PortBindings: { "79/tcp": [{ HostPort: "21079" }] } },
    });
  }, 60_000);
  afterAll(async () => {
    await d?.[Symbol.asyncDispose]();
  }, 60_000);

  test(`what is told is what there is, after ${KILLS} kills at random moments`, async () => {
    const comeAndGo = async () => {
      await change(row(21080, 100));
      await change(row(22080, 3), row(21080, 50));
      await d.ask("POST", `/containers/${container}/restart?t=0`);
      for (let n = 0; n < 6; n++) await change(row(23080 + n, 1), n === 0 ? {} : row(23080 + n - 1, 1));
      await change({}, every);
    };
    const whole = performance.now();
    await comeAndGo();
    const window = performance.now() - whole;
    const seen: Record<string, number> = {};
    for (let n = 0; n < KILLS; n++) {
      const attempt = comeAndGo().catch(() => {});
      await Bun.sleep((1.1 * window * ((n * 7919) % KILLS)) / KILLS);
      await d.end("SIGKILL");
      await attempt;
      await d.serve();
      const state = await agreed();
      seen[state] = (seen[state] ?? 0) + 1;
      await change({}, every).catch((error: Error) =>
        expect(error.message).toContain("none of these is published"),
      );
      await d.ask("POST", `/containers/${container}/start`);
      expect(await agreed()).toBe("running with 1");
    }
    console.log(`kills: ${KILLS}, found afterwards: ${JSON.stringify(seen)}`);
    expect(Object.keys(seen).length).toBeGreaterThan(1);
  }, 600_000);

  test("a container that ends while no daemon runs closes its plan's ports; those that came later are swept", async () => {
    await change(row(21080, 3));
    const { Pid } = (await d.inspect(container)).State;
    await d.end("SIGKILL");
    expect((await found()).open).toEqual([21079, 21080, 21081, 21082]);
    process.kill(Pid, "SIGKILL");
    for (let tries = 0; (await found()).open.length > 3 && tries < 100; tries++) await Bun.sleep(20);
    expect((await found()).open).toEqual([21080, 21081, 21082]);
    await d.serve();
    expect(await agreed()).toBe("exited with 0");
    await d.ask("POST", `/containers/${container}/start`);
    expect(await agreed()).toBe("running with 4");
  }, 60_000);
});

const numbers = (text: string, pattern: RegExp, base = 10) =>
  [...new Set(text.match(pattern) ?? [])].map((found) => Number.parseInt(found, base)).sort((a, b) => a - b);

const portsIn = (bindings: readonly { readonly HostPort: string }[]) =>
  bindings.map(({ HostPort }) => Number(HostPort)).sort((a, b) => a - b);
