import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { type Daemon, daemon } from "./daemon.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/bandwidth-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 12);

interface Told {
  readonly State: { readonly Status: string };
  readonly HostConfig: { readonly NetworkBandwidth: { readonly In: number; readonly Out: number } };
}

describe.skipIf(rootMissing || busyboxMissing)("limits of bandwidth and the daemon's end", () => {
  let d: Daemon;
  let container: string;
  const limit = (In: number, Out: number) =>
    d.ask("POST", `/containers/${container}/update`, { NetworkBandwidth: { In, Out } });
  const run = async (program: string, ...words: string[]) => (await d.host.run(program, words)).stdout;

  /** Devices, their rates and what leads to them, in words. */
  const found = async () => {
    const rates = [
      ...(await run("tc", "qdisc", "show")).matchAll(/tbf 1: dev inro-([io])\w+ root .*rate (\w+)/g),
    ];
    const port = /^\s*(inro[0-9a-f]+):/m.exec(await run("cat", "/proc/net/dev"))?.[1];
    const leads = async (end: string) =>
      port !== undefined &&
      (await run("tc", "filter", "show", "dev", port, end)).includes("Redirect to device");
    return {
      devices: (await run("ip", "-o", "link", "show", "type", "ifb")).split("\n").length - 1,
      rates: Object.fromEntries(rates.map(([, way, rate]) => [way, rate])),
      leads: { in: await leads("egress"), out: await leads("ingress") },
    };
  };
  const expected = ({ State, HostConfig }: Told) => {
    const { In, Out } = State.Status === "running" ? HostConfig.NetworkBandwidth : { In: 0, Out: 0 };
    const rates = {
      ...(In > 0 ? { i: `${In / 1e6}Mbit` } : {}),
      ...(Out > 0 ? { o: `${Out / 1e6}Mbit` } : {}),
    };
    return { devices: Object.keys(rates).length, rates, leads: { in: In > 0, out: Out > 0 } };
  };
  /** What is told is what there is; answers it in words. */
  const agreed = async () => {
    const told = (await d.inspect(container)) as unknown as Told;
    for (let tries = 0; !Bun.deepEquals(await found(), expected(told)); tries++) {
      if (tries > 100) expect(await found()).toEqual(expected(told));
      await Bun.sleep(30);
    }
    const { In, Out } = told.HostConfig.NetworkBandwidth;
    return `${told.State.Status} ${In / 1e6}/${Out / 1e6}`;
  };

  beforeAll(async () => {
    d = await daemon();
    container = await d.run({ Cmd: ["sleep", "600"] });
  }, 60_000);
  afterAll(async () => {
    await d?.[Symbol.asyncDispose]();
  }, 60_000);

  test(`what is told is what there is, after ${KILLS} kills at random moments`, async () => {
    const comeAndGo = async () => {
      await limit(10e6, 0);
      await limit(20e6, 5e6);
      await d.ask("POST", `/containers/${container}/restart?t=0`);
      for (let more = 1; more < 9; more++) await limit(more % 2 === 0 ? 0 : 6e6, more % 3 === 0 ? 0 : 7e6);
      await limit(0, 0);
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
      await limit(0, 0);
      await d.ask("POST", `/containers/${container}/start`);
      expect(await agreed()).toBe("running 0/0");
    }
    console.log(`kills: ${KILLS}, found afterwards: ${JSON.stringify(seen)}`);
    expect(Object.keys(seen).length).toBeGreaterThan(1);
  }, 600_000);

  test("a container that ends while no daemon runs takes its limits along; one that was made later is swept", async () => {
    await limit(10e6, 0);
    await d.ask("POST", `/containers/${container}/restart?t=0`);
    await limit(10e6, 5e6);
    const { Pid } = (await d.inspect(container)).State;
    await d.end("SIGKILL");
    expect((await found()).devices).toBe(2);
    process.kill(Pid, "SIGKILL");
    for (let tries = 0; (await found()).devices > 1 && tries < 100; tries++) await Bun.sleep(20);
    expect(await found()).toMatchObject({ devices: 1, rates: { o: "5Mbit" } });
    await d.serve();
    expect(await agreed()).toBe("exited 10/5");
  }, 60_000);
});
