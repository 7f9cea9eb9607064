import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import type { Bandwidth, Shaper } from "../../src/network/network.ts";
import { rootMissing } from "../support/engine.ts";
import { execute, executorIn } from "./execute.ts";
import { command, otherNetwork, ownNetwork } from "./namespace.ts";
import { type Protocol, rate } from "./rate.ts";
import { block, type Engine, engine, type Joined, placesIn, request } from "./setting.ts";

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

interface Limited extends Joined {
  readonly shaper: Shaper;
}

const plan = (e: Engine, name: string, bandwidth: Bandwidth, networks = ["bridge"]): Shaper => {
  const asked = { containerId: name, bandwidth, networks, before: null, joined: false };
  return e.networks.limits.plan(asked) ?? expect.unreachable("it is limited");
};

/** A container with limits, made as its plan would. */
async function limited(e: Engine, name: string, bandwidth: Bandwidth): Promise<Limited> {
  const shaper = plan(e, name, bandwidth);
  const other = scope.use(await otherNetwork());
  const attachment = await e.networks.connect(request(name, [], { shaper }));
  const executor = scope.use(executorIn("here"));
  await execute(executor, [...e.networks.limits.fragment(shaper).map, ...attachment.fragment.map], other.pid);
  using inside = executorIn(other);
  await execute(inside, attachment.fragment.build);
  return { ...other, ...placesIn(attachment), attachment, shaper };
}

/** Another network of the engine's, with this container in it as `eth1`. */
async function second({ networks }: Engine, one: Limited): Promise<string> {
  const network = networks.reserve({
    ...{ name: "two", driver: "bridge", interface: "br-two", blocks: [block()] },
    ...{ internal: false, open: true, masquerade: true, mtu: null, publishOn: "" },
  });
  await networks.make(network);
  const change = { network: "two", number: 1, leads: [], joined: true, shaper: one.shaper };
  const attachment = await networks.connect(request(one.attachment.name, [], change));
  await networks.join(attachment, one.pid);
  return attachment.addresses[0]?.address ?? "";
}

/** Both ways between a container and one without limits, bytes a second. */
const bothWays = async (one: Joined, peer: Joined, protocol: Protocol = "tcp") => ({
  in: await rate(peer, one, one.address, protocol),
  out: await rate(one, peer, peer.address, protocol),
});

const devices = () =>
  command("ip", "-br", "link", "show", "type", "ifb").match(/inro-[io][0-9a-f]{8}/g) ?? [];

/** A tenth of what gets through unlimited has to show; how busy the machine is decides nothing. */
function expectHeld(rates: { in: number; out: number }, free: { in: number; out: number }): void {
  for (const way of ["in", "out"] as const) {
    expect(rates[way]).toBeLessThan(free[way] / 3);
    expect(rates[way]).toBeGreaterThan(free[way] / 400);
  }
}

const tenth = (free: { in: number; out: number }): Bandwidth => ({
  in: Math.round((free.in * 8) / 10),
  out: Math.round((free.out * 8) / 10),
});

describe.skipIf(rootMissing)("a container's bandwidth", () => {
  test.each(["tcp", "udp"] as const)(
    "is held both ways (%s), and changed while it runs",
    async (protocol) => {
      const e = await engine(scope);
      const [one, peer] = [await limited(e, "one", { in: 1e12, out: 1e12 }), await e.container("peer")];
      const free = await bothWays(one, peer, protocol);
      const { limits } = e.networks;
      const asked = { containerId: "one", networks: ["bridge"], before: one.shaper, joined: true };
      const narrow = limits.plan({ ...asked, bandwidth: tenth(free) });
      await limits.change(one.shaper, narrow, [one.attachment]);
      const held = await bothWays(one, peer, protocol);
      console.log(`${protocol}, MB/s: free ${show(free)}, held to a tenth ${show(held)}`);
      expectHeld(held, free);
      await limits.change(narrow, null, [one.attachment]);
      expect(devices()).toEqual([]);
      const after = await bothWays(one, peer, protocol);
      for (const way of ["in", "out"] as const) expect(after[way]).toBeGreaterThan(held[way] * 1.5);
    },
  );

  test("is kept by packets that are larger than the bucket: TCP goes on in its segments", async () => {
    const e = await engine(scope);
    const free = await bothWays(await e.container("free"), await e.container("other"));
    const [one, peer] = [await limited(e, "one", { in: 4e6, out: 4e6 }), await e.container("peer")];
    const held = await bothWays(one, peer);
    console.log(`4 mbit are 0.5 MB/s; came through: ${show(held)}`);
    for (const way of ["in", "out"] as const) {
      expect(held[way]).toBeGreaterThan(0.5e6 / 10);
      expect(held[way]).toBeLessThan(Math.min(1.5e6, free[way] / 3));
    }
  }, 120_000);

  test("is that of all its networks together", async () => {
    const e = await engine(scope);
    const [one, peer] = [await limited(e, "one", { in: 20e6, out: 20e6 }), await e.container("peer")];
    const address = await second(e, one);
    const neighbour = await e.join("two", "neighbour");
    const [first, other] = await Promise.all([rate(peer, one, one.address), rate(neighbour, one, address)]);
    console.log(`20 mbit are 2.5 MB/s; came through two networks: ${show({ in: first, out: other })}`);
    expect(first + other).toBeLessThan(2.5e6 * 1.8);
  }, 120_000);

  test("one direction is free where only the other is limited", async () => {
    const e = await engine(scope);
    const [one, peer] = [await limited(e, "one", { in: null, out: 8e6 }), await e.container("peer")];
    expect(devices()).toEqual([one.shaper.out?.device ?? ""]);
    const rates = await bothWays(one, peer);
    expect(rates.in).toBeGreaterThan(rates.out * 4);
  }, 120_000);

  test("cannot be changed from inside, whatever may be done there", async () => {
    const e = await engine(scope);
    const [one, peer] = [await limited(e, "one", { in: 1e12, out: 1e12 }), await e.container("peer")];
    const free = await bothWays(one, peer);
    const { limits } = e.networks;
    const asked = { containerId: "one", networks: ["bridge"], before: one.shaper, joined: true };
    await limits.change(one.shaper, limits.plan({ ...asked, bandwidth: tenth(free) }), [one.attachment]);
    // All capabilities over its own network, as NET_ADMIN gives them.
    const attacks = [
      "tc qdisc del dev eth0 root; tc qdisc del dev eth0 clsact; tc qdisc add dev eth0 root pfifo limit 100000",
      "ip link set eth0 txqueuelen 100000 mtu 65535 gso_max_size 262144 gro_max_size 262144",
      `ip link set eth0 down; ip link set eth0 mtu 1400 up
       ip link add link eth0 name second type macvlan mode bridge; ip link set second up
       ip link add link eth0 name tagged type vlan id 7; ip link set tagged up`,
    ];
    for (const attack of attacks) {
      one.attempt("sh", "-c", attack);
      expectHeld(await bothWays(one, peer), free);
    }
    expect(devices()).toHaveLength(2);
  }, 120_000);

  test("sees frames that are too short for a packet, too", async () => {
    const e = await engine(scope);
    const one = await limited(e, "one", { in: null, out: 10e6 });
    // A header and one byte more: a filter that read a word of the packet would let them pass by.
    const send = `import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for n in range(100): s.send(b"\\xff" * 6 + b"\\x02" * 6 + b"\\x88\\xb5" + b"x")`;
    one.run("python3", "-c", send);
    const shown = command("tc", "-s", "qdisc", "show", "dev", one.shaper.out?.device ?? "");
    expect(Number(/Sent \d+ bytes (\d+) pkt/.exec(shown)?.[1])).toBeGreaterThanOrEqual(100);
  });

  test("is what tc(8) shows; what nobody owns is swept, what is another's is not", async () => {
    const e = await engine(scope);
    const one = await limited(e, "one", { in: 10e6, out: 40e9 });
    const shown = command("tc", "qdisc", "show");
    expect(shown).toContain(
      `tbf 1: dev ${one.shaper.in?.device} root refcnt 2 rate 10Mbit burst 12500b lat 100ms`,
    );
    expect(shown).toMatch(new RegExp(`tbf 1: dev ${one.shaper.out?.device} root refcnt 2 rate 40Gbit`));
    command("ip", "link", "add", "inro-i11111111", "type", "ifb");
    command("ip", "link", "add", "inro-i22222222", "type", "ifb");
    const fair = attempt("tc", "qdisc", "add", "dev", "inro-i22222222", "root", "fq_codel");
    const leaf = `fq_codel 2: dev ${one.shaper.in?.device} parent 1:1 `;
    console.log(`fair queues in this kernel: ${fair}`);
    expect({ fair, leaf: shown.includes(leaf) }).toEqual({ fair, leaf: fair });
    if (fair) expect(shown).toMatch(new RegExp(`${leaf}.*memory_limit 4Mb`));
    const table = /alias (\S+) one in/.exec(command("ip", "link"))?.[1] ?? "";
    command("ip", "link", "set", "inro-i11111111", "alias", `${table} gone in`);
    command("ip", "link", "set", "inro-i22222222", "alias", `${table}1 gone in`);
    await e.networks.limits.sweep([one.shaper]);
    const own = [one.shaper.in, one.shaper.out].map((limit) => limit?.device ?? "");
    expect(new Set(devices())).toEqual(new Set(["inro-i22222222", ...own]));
    await e.networks.limits.remove(one.shaper, { undone: true });
    expect(devices()).toHaveLength(3);
    await e.networks.limits.remove(one.shaper);
    await e.networks.limits.remove(one.shaper);
    expect(devices()).toEqual(["inro-i22222222"]);
  });
});

const attempt = (program: string, ...words: string[]) => spawnSync(program, words).status === 0;

const show = (rates: { in: number; out: number }) =>
  `${(rates.in / 1e6).toFixed(2)} in, ${(rates.out / 1e6).toFixed(2)} out`;
