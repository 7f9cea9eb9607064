import { describe, expect, test } from "bun:test";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { crash, killedAtRandom, soon } from "./killing.ts";

interface Told {
  readonly State: { readonly Status: string };
  readonly HostConfig: { readonly NetworkBandwidth: { readonly In: number; readonly Out: number } };
}

describe.skipIf(rootMissing || busyboxMissing)("limits of bandwidth and the daemon's end", () => {
  const c = crash();
  const limit = (In: number, Out: number) =>
    c.d.ask("POST", `/containers/${c.container}/update`, { NetworkBandwidth: { In, Out } });

  /** Devices, their rates and what leads to them, in words. */
  const found = async () => {
    const rates = [
      ...(await c.run("tc", "qdisc", "show")).matchAll(/tbf 1: dev inro-([io])\w+ root .*rate (\w+)/g),
    ];
    const port = /^\s*(inro[0-9a-f]+):/m.exec(await c.run("cat", "/proc/net/dev"))?.[1];
    const leads = async (end: string) =>
      port !== undefined &&
      (await c.run("tc", "filter", "show", "dev", port, end)).includes("Redirect to device");
    return {
      devices: (await c.run("ip", "-o", "link", "show", "type", "ifb")).split("\n").length - 1,
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
    const told = (await c.d.inspect(c.container)) as unknown as Told;
    await soon(found, expected(told));
    const { In, Out } = told.HostConfig.NetworkBandwidth;
    return `${told.State.Status} ${In / 1e6}/${Out / 1e6}`;
  };

  const comeAndGo = async () => {
    await limit(10e6, 0);
    await limit(20e6, 5e6);
    await c.d.ask("POST", `/containers/${c.container}/restart?t=0`);
    for (let more = 1; more < 9; more++) await limit(more % 2 === 0 ? 0 : 6e6, more % 3 === 0 ? 0 : 7e6);
    await limit(0, 0);
  };
  const tidy = async () => {
    await limit(0, 0);
    await c.d.ask("POST", `/containers/${c.container}/start`);
  };
  killedAtRandom(c, { kills: 12, comeAndGo, agreed, tidy, rest: "running 0/0" });

  test("a container that ends while no daemon runs takes its limits along; one that was made later is swept", async () => {
    await limit(10e6, 0);
    await c.d.ask("POST", `/containers/${c.container}/restart?t=0`);
    await limit(10e6, 5e6);
    const { Pid } = (await c.d.inspect(c.container)).State;
    await c.d.end("SIGKILL");
    expect((await found()).devices).toBe(2);
    process.kill(Pid, "SIGKILL");
    for (let tries = 0; (await found()).devices > 1 && tries < 100; tries++) await Bun.sleep(20);
    expect(await found()).toMatchObject({ devices: 1, rates: { o: "5Mbit" } });
    await c.d.serve();
    expect(await agreed()).toBe("exited 10/5");
  });
});
