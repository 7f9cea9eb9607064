import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, type Other, ownNetwork } from "../network/namespace.ts";
import { block, engine, type Joined } from "../network/setting.ts";
import { rootMissing } from "../support/engine.ts";

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

/** A container with every privilege in its own network says that it is the router, and that 2001:db8:bad::/64 is on the wire. */
function advertise(from: Other): void {
  from.run("sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6");
  from.run("ip", "address", "replace", "fe80::bad/64", "dev", "eth0", "nodad");
  for (let turn = 0; turn < 3; turn++)
    from.run(process.execPath, join(import.meta.dir, "advertise.ts"), "eth0");
}

const takenBy = (who: Other) =>
  who.run("ip", "-6", "route") + who.run("ip", "-6", "address", "show", "scope", "global");
const takenByHost = () =>
  command("ip", "-6", "route") + command("ip", "-6", "address", "show", "scope", "global");
const isTaken = (text: string) => /fe80::bad|2001:db8:bad/.test(text);

/** Until it is so: addresses are made by the kernel in its own time. */
async function becomes(is: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 100 && !is(); tries++) await Bun.sleep(10);
  return is();
}

test.skipIf(rootMissing).each([
  ["IPv4 alone", [block()]],
  ["both families", [block(), block({ family: 6 })]],
  ["IPv6 alone", [block({ family: 6 })]],
])(
  "R27 CVE-2020-13401: a container of a network of %s cannot become a router, neither the host's nor its neighbours'",
  async (_, blocks) => {
    const { networks, join: enter } = await engine(scope);
    const network = networks.reserve({
      ...{ name: "web", driver: "bridge", interface: "br-web", blocks, mtu: null, publishOn: "" },
      ...{ internal: false, open: true, masquerade: true },
    });
    await networks.make(network);
    const [evil, victim, careless]: Joined[] = [
      await enter("web", "evil"),
      await enter("web", "victim"),
      await enter("web", "careless"),
    ];
    if (evil === undefined || victim === undefined || careless === undefined) throw new Error("none");
    // One that undoes what it was given hears it: the attack is real.
    careless.run("sh", "-c", "cd /proc/sys/net/ipv6/conf/eth0; echo 0 >disable_ipv6; echo 1 >accept_ra");
    advertise(evil);
    expect(await becomes(() => isTaken(takenBy(careless)))).toBe(true);
    expect(isTaken(takenBy(victim))).toBe(false);
    expect(isTaken(takenByHost())).toBe(false);
    // The same on the bridge: without what we wrote there the host would listen, where it does not forward.
    const conf = "/proc/sys/net/ipv6/conf/br-web";
    expect(
      readFileSync(
        `${conf}/${blocks.length === 1 && blocks[0]?.family === 4 ? "disable_ipv6" : "accept_ra"}`,
        "utf8",
      ),
    ).toBe(blocks.length === 1 && blocks[0]?.family === 4 ? "1\n" : "0\n");
    writeFileSync(`${conf}/disable_ipv6`, "0");
    writeFileSync(`${conf}/accept_ra`, "2");
    expect(
      await becomes(() => {
        advertise(evil);
        return isTaken(takenByHost());
      }),
    ).toBe(true);
  },
);
