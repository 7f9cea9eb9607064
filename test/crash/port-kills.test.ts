import { describe, expect, test } from "bun:test";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";
import { crash, killedAtRandom, soon } from "./killing.ts";

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
  const c = crash({ HostConfig: { PortBindings: { "79/tcp": [{ HostPort: "21079" }] } } });
  const change = (publish: Bindings, withdraw: Bindings = {}) =>
    c.d.ask("POST", `/inro/containers/${c.container}/ports`, { Publish: publish, Withdraw: withdraw });
  const row = (first: number, count: number): Bindings =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`${n + 80}/tcp`, [{ HostPort: String(first + n) }]]),
    );
  /** From 80/tcp on, wherever they are published. */
  const every: Bindings = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`${n + 80}/tcp`, [{ HostPort: "" }]]),
  );
  const about = async () => (await c.d.inspect(c.container)) as unknown as Told;
  /** Ports of the host that lead somewhere, and those that somebody listens on. */
  const found = async () => ({
    open: numbers(await c.run(nft ?? "", "list", "ruleset"), /(?<=\. )\d+(?= : )/g),
    held: numbers(await c.run("cat", "/proc/net/tcp6"), /(?<=^ *\d+: 0{32}:)[0-9A-F]{4}(?= \S+ 0A)/gm, 16),
  });
  /** What is told is what there is, and what the next start would publish; answers how many. */
  const agreed = async () => {
    const { HostConfig, NetworkSettings, State } = await about();
    const wanted = portsIn(Object.values(HostConfig.PortBindings).flat());
    const told = State.Status === "running" ? wanted : [];
    const shown = Object.values(NetworkSettings.Ports).flatMap((each) => each ?? []);
    expect(portsIn(shown.filter(({ HostIp }) => HostIp === "0.0.0.0"))).toEqual(told);
    await soon(found, { open: told, held: told });
    return `${State.Status} with ${told.length}`;
  };

  const comeAndGo = async () => {
    await change(row(21080, 100));
    await change(row(22080, 3), row(21080, 50));
    await c.d.ask("POST", `/containers/${c.container}/restart?t=0`);
    for (let n = 0; n < 6; n++) await change(row(23080 + n, 1), n === 0 ? {} : row(23080 + n - 1, 1));
    await change({}, every);
  };
  const tidy = async () => {
    await change({}, every).catch((error: Error) =>
      expect(error.message).toContain("none of these is published"),
    );
    await c.d.ask("POST", `/containers/${c.container}/start`);
  };
  killedAtRandom(c, { kills: 12, comeAndGo, agreed, tidy, rest: "running with 1" });

  test("a container that ends while no daemon runs closes its plan's ports; those that came later are swept", async () => {
    await change(row(21080, 3));
    const { Pid } = (await c.d.inspect(c.container)).State;
    await c.d.end("SIGKILL");
    expect((await found()).open).toEqual([21079, 21080, 21081, 21082]);
    process.kill(Pid, "SIGKILL");
    for (let tries = 0; (await found()).open.length > 3 && tries < 100; tries++) await Bun.sleep(20);
    expect((await found()).open).toEqual([21080, 21081, 21082]);
    await c.d.serve();
    expect(await agreed()).toBe("exited with 0");
    await c.d.ask("POST", `/containers/${c.container}/start`);
    expect(await agreed()).toBe("running with 4");
  });
});

const numbers = (text: string, pattern: RegExp, base = 10) =>
  [...new Set(text.match(pattern) ?? [])].map((found) => Number.parseInt(found, base)).sort((a, b) => a - b);

const portsIn = (bindings: readonly { readonly HostPort: string }[]) =>
  bindings.map(({ HostPort }) => Number(HostPort)).sort((a, b) => a - b);
